"""Page schemes as data, and lists of any length as async iterators."""

from wbym.paging.ahead import Chunk, Turn
from wbym.paging.listing import Listing, Page, by_offset, by_token, joined
from wbym.paging.parts import TICK, Span, by_span, deferred, mapped, side_by_side
from wbym.paging.schemes import ByCursor, ByOffset, ByToken, Scheme
from wbym.paging.spans_sweep import SpansSweep
from wbym.paging.sweep import Progress, Sweep, SweepPlan, whole_span
from wbym.paging.timeline import by_time, pages_for, second_of
from wbym.paging.two_lists import ListsSweep

__all__ = [
    "TICK",
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
    "SpansSweep",
    "Sweep",
    "SweepPlan",
    "Turn",
    "by_offset",
    "by_span",
    "by_time",
    "by_token",
    "deferred",
    "joined",
    "mapped",
    "pages_for",
    "second_of",
    "side_by_side",
    "whole_span",
]
