"""Versions of records: short digests of the fields whose changes are events for the seller.

Fields that change by reading (``viewed``) or by themselves (``editable``) are left out.
"""

from __future__ import annotations  # the API's modules are loaded at their first use

from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec

from wbym.domain import Answer, Feedback, Question

if TYPE_CHECKING:
    from wbym_wildberries.api import claims as claims_api

__all__ = ["of_claim", "of_feedback", "of_question"]


def of_question(question: Question) -> str:
    """The version of a question: its status and answer."""
    return _digest(question.status, *_answer_facts(question.answer))


def of_feedback(feedback: Feedback) -> str:
    """The version of a feedback: its answer."""
    return _digest(*_answer_facts(feedback.answer))


def of_claim(claim: claims_api.Claim) -> str:
    """The version of a claim: its status, its actions and WB's time of the last change."""
    return _digest(claim.status, claim.status_ex, claim.actions or (), claim.dt_update)


def _answer_facts(answer: Answer | None) -> tuple[str | None, str | None]:
    return (None, None) if answer is None else (answer.text, answer.status)


def _digest(*facts: object) -> str:
    return blake2b(msgspec.json.encode(facts), digest_size=8).hexdigest()
