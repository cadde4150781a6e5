"""Page schemes as data, and lists of any length as async iterators."""

from wbym.paging.listing import Chunk, Listing, Page, Turn, by_offset, by_token, joined
from wbym.paging.parts import Span, by_span, deferred, mapped, side_by_side
from wbym.paging.schemes import ByOffset, ByToken, Scheme

__all__ = [
    "ByOffset",
    "ByToken",
    "Chunk",
    "Listing",
    "Page",
    "Scheme",
    "Span",
    "Turn",
    "by_offset",
    "by_span",
    "by_token",
    "deferred",
    "joined",
    "mapped",
    "side_by_side",
]
