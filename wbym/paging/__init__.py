"""Page schemes as data, and lists of any length as async iterators."""

from wbym.paging.ahead import Chunk, Turn
from wbym.paging.listing import Listing, Page, by_offset, by_token, joined
from wbym.paging.parts import Span, by_span, deferred, mapped, side_by_side
from wbym.paging.schemes import ByCursor, ByOffset, ByToken, Scheme
from wbym.paging.sweep import Progress, Sweep, SweepPlan, Tally
from wbym.paging.timeline import by_time
from wbym.paging.two_lists import ListsSweep

__all__ = [
    "ByCursor",
    "ByOffset",
    "ByToken",
    "Chunk",
    "Listing",
    "ListsSweep",
    "Page",
    "Progress",
    "Scheme",
    "Span",
    "Sweep",
    "SweepPlan",
    "Tally",
    "Turn",
    "by_offset",
    "by_span",
    "by_time",
    "by_token",
    "deferred",
    "joined",
    "mapped",
    "side_by_side",
]
