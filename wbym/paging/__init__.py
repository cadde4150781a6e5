"""Pagination: page schemes as data, and lists of any length as async iterators."""

from wbym._exports import show_exports
from wbym.paging._iteration import Iteration, Stop
from wbym.paging._listing import Listing, Page, chain, lazy, listing_of, map_page
from wbym.paging._parts import TICK, Span, by_span, merge
from wbym.paging._prefetch import MAX_PREFETCH
from wbym.paging._schemes import ByCursor, ByOffset, ByToken, Scheme, SinglePage
from wbym.paging._source import BodyGate, Chunk, Origin, Reading, Source
from wbym.paging._spans_sweep import SpansSweep
from wbym.paging._sweep import Progress, Sweep, SweepPlan, whole_span
from wbym.paging._timeline import by_time, pages_for, second_of
from wbym.paging._two_lists import ListsSweep

__all__ = [
    "MAX_PREFETCH",
    "TICK",
    "BodyGate",
    "ByCursor",
    "ByOffset",
    "ByToken",
    "Chunk",
    "Iteration",
    "Listing",
    "ListsSweep",
    "Origin",
    "Page",
    "Progress",
    "Reading",
    "Scheme",
    "SinglePage",
    "Source",
    "Span",
    "SpansSweep",
    "Stop",
    "Sweep",
    "SweepPlan",
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

show_exports(__name__, __all__)
