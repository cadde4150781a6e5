"""Replies of a seller, in neutral terms."""

import msgspec

from wbym.domain import Action, Noun


class Reply(msgspec.Struct, frozen=True):
    """A reply of the seller that took effect in a simulator."""

    action: Action
    noun: Noun
    id: str
    """Of the chat, question, feedback or return, as in the `ref` of the record."""
    text: str = ""
    """Of a decision, the decision's id."""
