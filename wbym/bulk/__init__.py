"""Batches, which split long lists into calls, and asynchronous tasks of a marketplace."""

from wbym._exports import show_exports
from wbym.bulk._batch import DONE, Batch, Outcome, Progress, Result, Rules, carry_out
from wbym.bulk._follow import POLL, TIMEOUT, follow

__all__ = [
    "DONE",
    "POLL",
    "TIMEOUT",
    "Batch",
    "Outcome",
    "Progress",
    "Result",
    "Rules",
    "carry_out",
    "follow",
]

show_exports(__name__, __all__)
