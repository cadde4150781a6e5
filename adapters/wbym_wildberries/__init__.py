"""Wildberries for wbym."""

from wbym.account import show_exports
from wbym_wildberries._account import Wildberries, WildberriesOptions
from wbym_wildberries._limits import Tier
from wbym_wildberries._raw import raw
from wbym_wildberries._token import Category, Token, TokenType

__all__ = ["Category", "Tier", "Token", "TokenType", "Wildberries", "WildberriesOptions", "raw"]

show_exports(__name__, __all__)
