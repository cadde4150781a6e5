"""Matching of the seller's messages with deliveries of the outbox; without I/O."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from wbym.domain import Chat, Delivery, DeliveryState, Message, UndecodableRecord

__all__ = [
    "MAX_CLOCK_SKEW",
    "describe_doubt",
    "find_deliveries_of_undecodable",
    "find_delivery",
    "find_possible_delivery",
    "is_of_chat",
    "same_text",
]

MAX_CLOCK_SKEW: Final = timedelta(minutes=5)
"""Max difference between when a message was sent by our clock and by the marketplace's clock."""


def find_delivery(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Find the delivery that a seller's message is: same chat, same text, about the same time.

    Marketplaces return no id when they accept a message, so no other match is possible. Among
    several with the same text, accepted deliveries come first, then those being sent, then those of
    unknown fate: of the latter, those left without a message were not delivered. Then the nearest
    in time wins.
    """
    found = [
        (_rank(delivery), abs(delay), place)
        for place, delivery in enumerate(deliveries)
        if _matches(delivery, message)
        and (delay := message.sent_at - (delivery.sent_at or delivery.created_at))
        >= -MAX_CLOCK_SKEW
        # A delivery that is not accepted yet may have waited for its limits.
        and (delay <= MAX_CLOCK_SKEW or delivery.state is not DeliveryState.ACCEPTED)
    ]
    return deliveries[min(found)[2]] if found else None


def _rank(delivery: Delivery) -> int:
    if delivery.state is DeliveryState.ACCEPTED:
        return 0
    return 1 if delivery.state is DeliveryState.SENDING and delivery.note is None else 2


def find_possible_delivery(message: Message, deliveries: Sequence[Delivery]) -> Delivery | None:
    """Find a delivery of unknown fate that a seller's message may be, though not for certain.

    With the same text, at any time: the message may be an old one, or ours if a clock is wrong.
    With another text, at about the time of the delivery: marketplaces mask phone numbers, and may
    show a message before its text.
    """
    lost = [one for one in deliveries if _is_lost(one) and one.target == message.chat]
    alike = (one for one in lost if same_text(one.text, message.text or ""))
    near = (one for one in lost if _is_near(one, message.sent_at))
    return next(alike, None) or next(near, None)


def find_deliveries_of_undecodable(
    record: UndecodableRecord, at: datetime, chat: Chat | None, deliveries: Sequence[Delivery]
) -> list[Delivery]:
    """Find the deliveries of unknown fate that an undecodable record of their chat may be.

    Args:
        record: The record; its author is not known.
        at: When it was first read.
        chat: Its chat; None if only the bytes of the record can show it.
        deliveries: The deliveries.
    """
    return [
        one
        for one in deliveries
        if _is_lost(one)
        and _is_near(one, at)
        and (is_of_chat(record, one.target.id) if chat is None else chat.ref == one.target)
    ]


def is_of_chat(record: UndecodableRecord, chat_id: str) -> bool:
    """Whether an undecodable record mentions this chat's id."""
    word = rb"(?<![\w-])" + re.escape(chat_id.encode()) + rb"(?![\w-])"
    return re.search(word, record.data) is not None


def describe_doubt(delivery: Delivery, found: Message | UndecodableRecord) -> str:
    """Why the fate of a delivery is not known although something of the seller is in its chat."""
    if isinstance(found, UndecodableRecord):
        return (
            "its answer was lost, and the chat has a record that cannot be decoded, "
            f"{found.ref.id}, which may be this message"
        )
    shown = f"{found.ref.id} of {found.sent_at}"
    if same_text(delivery.text, found.text or ""):
        return (
            f"the chat has a message with the same text, {shown}, but it is too far from "
            f"{delivery.sent_at}, when this was sent, to be certain that it is this"
        )
    return (
        f"its answer was lost, and the chat has a message of the seller, {shown}, that belongs to "
        "no known delivery: it may be this one with a changed text, or written by a person"
    )


def _is_lost(delivery: Delivery) -> bool:
    """Whether its fate is unknown; a delivery that is still being sent has no note."""
    return delivery.state is DeliveryState.SENDING and delivery.note is not None


def _is_near(delivery: Delivery, at: datetime) -> bool:
    """Whether a time is about when it was sent; its answer was lost at ``updated_at`` at latest."""
    begin = delivery.sent_at or delivery.created_at
    return begin - MAX_CLOCK_SKEW <= at <= max(begin, delivery.updated_at) + MAX_CLOCK_SKEW


def _matches(delivery: Delivery, message: Message) -> bool:
    return delivery.target == message.chat and same_text(delivery.text, message.text or "")


def same_text(one: str, other: str) -> bool:
    """Whether two texts are equal except for white space, which marketplaces change."""
    return one.split() == other.split()
