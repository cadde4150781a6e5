"""Wildberries for wbym."""

from wbym_wildberries.adapter import Wildberries
from wbym_wildberries.limits import Tier
from wbym_wildberries.token import Category, Token, TokenType

__all__ = ["Category", "Tier", "Token", "TokenType", "Wildberries"]
