"""Benchmarks of the SDK against the limits, hand-written loops and other libraries."""
