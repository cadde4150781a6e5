"""Page schemes as data, and lists of any length as async iterators."""

from wbym.paging.listing import Chunk, Listing, Page, Turn, by_offset, by_token, joined
from wbym.paging.schemes import ByOffset, ByToken, Scheme

__all__ = [
    "ByOffset",
    "ByToken",
    "Chunk",
    "Listing",
    "Page",
    "Scheme",
    "Turn",
    "by_offset",
    "by_token",
    "joined",
]
