"""wbym."""
