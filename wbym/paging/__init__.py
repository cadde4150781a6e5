"""Page schemes as data, and lists of any length as async iterators."""

from wbym.later import public
from wbym.paging.listing import Listing, Page, chain, lazy, listing_of, map_page
from wbym.paging.parts import TICK, Span, by_span, merge
from wbym.paging.prefetch import MAX_PREFETCH
from wbym.paging.schemes import ByCursor, ByOffset, ByToken, Scheme, Whole
from wbym.paging.source import BodyGate, Chunk, Origin, Reading, Source
from wbym.paging.spans_sweep import SpansSweep
from wbym.paging.sweep import Progress, Sweep, SweepPlan, whole_span
from wbym.paging.timeline import by_time, pages_for, second_of
from wbym.paging.two_lists import ListsSweep

__all__ = [
    "MAX_PREFETCH",
    "TICK",
    "BodyGate",
    "ByCursor",
    "ByOffset",
    "ByToken",
    "Chunk",
    "Listing",
    "ListsSweep",
    "Origin",
    "Page",
    "Progress",
    "Reading",
    "Scheme",
    "Source",
    "Span",
    "SpansSweep",
    "Sweep",
    "SweepPlan",
    "Whole",
    "by_span",
    "by_time",
    "chain",
    "lazy",
    "listing_of",
    "map_page",
    "merge",
    "pages_for",
    "second_of",
    "whole_span",
]

public(__name__, __all__)
