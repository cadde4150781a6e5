"""Wildberries for wbym."""
