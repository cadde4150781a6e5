"""Wildberries for wbym."""

from wbym_wildberries.account import Wildberries, WildberriesOptions
from wbym_wildberries.limits import Tier
from wbym_wildberries.token import Category, Token, TokenType

__all__ = ["Category", "Tier", "Token", "TokenType", "Wildberries", "WildberriesOptions"]
