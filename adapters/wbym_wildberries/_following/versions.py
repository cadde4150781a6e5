"""What of a record a seller wants to be told when it changes, as a short digest.

Left out is what changes by reading it (``viewed``) or by itself (``editable``).
"""

from __future__ import annotations  # the API's modules are loaded when they are first asked for

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from wbym.domain import Answer, Feedback, Question

if TYPE_CHECKING:
    from wbym_wildberries.api import claims as claims_api

__all__ = ["of_claim", "of_feedback", "of_question"]


def of_question(question: Question) -> str:
    """Its status and its answer."""
    return _digest(question.status, *_words(question.answer))


def of_feedback(feedback: Feedback) -> str:
    """Its answer."""
    return _digest(*_words(feedback.answer))


def of_claim(claim: claims_api.Claim) -> str:
    """Where it stands, what may be done, and WB's own time of the last change."""
    return _digest(claim.status, claim.status_ex, claim.actions or (), claim.dt_update)


def _words(answer: Answer | None) -> tuple[str | None, str | None]:
    return (None, None) if answer is None else (answer.text, answer.status)


def _digest(*facts: object) -> str:
    return blake2b(msgspec.json.encode(facts), digest_size=8).hexdigest()
