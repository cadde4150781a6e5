"""Comparison of the SDK with the marketplaces' published files: ``python -m tests.drift SPECS``."""
