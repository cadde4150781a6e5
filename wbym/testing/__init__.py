"""What tests need: simulators of marketplaces, faults, fixtures."""
