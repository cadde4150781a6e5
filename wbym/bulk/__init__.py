"""Long lists in legal calls, and tasks that a marketplace accepts and works on later."""

from wbym.bulk.batch import DONE, Batch, Outcome, Progress, Result, Rules, carry_out
from wbym.bulk.follow import POLL, TIMEOUT, follow
from wbym.later import public

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

public(__name__, __all__)
