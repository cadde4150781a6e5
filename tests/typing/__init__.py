"""What mypy and pyright make of public calls: `make check` has both read these modules.

Nothing here is run: where a checker infers another type than is said, or takes what it should
refuse, it fails.
"""
