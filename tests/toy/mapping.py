"""Mapping of Toy's records to the neutral model."""

from datetime import UTC

from tests.toy import api
from tests.toy.dialect import MARKETPLACE
from wbym import domain
from wbym.domain import AnswerStatus, Author, ChatStatus, Noun, Ref, attach_raw

_CHAT_STATUS = {"unread": ChatStatus.WAITING_FOR_SELLER, "read": ChatStatus.WAITING_FOR_BUYER}
_AUTHOR = {"buyer": Author.BUYER, "seller": Author.SELLER}
_ANSWER_STATUS = {"shown": AnswerStatus.PUBLISHED, "hidden": AnswerStatus.REJECTED}


def chat(wire: api.Chat, account: str) -> domain.Chat:
    neutral = domain.Chat(
        ref=Ref(MARKETPLACE, account, Noun.CHAT, wire.id),
        status=_CHAT_STATUS.get(wire.state or "", ChatStatus.UNKNOWN),
        buyer=domain.Buyer(wire.buyer) if wire.buyer else None,
    )
    attach_raw(neutral, wire)
    return neutral


def message(wire: api.Message, chat: Ref) -> domain.Message:
    neutral = domain.Message(
        ref=Ref(MARKETPLACE, chat.account, Noun.MESSAGE, wire.id),
        chat=chat,
        author=_AUTHOR.get(wire.by or "", Author.UNKNOWN),
        sent_at=wire.at.astimezone(UTC),
        text=wire.text,
    )
    attach_raw(neutral, wire)
    return neutral


def feedback(wire: api.Feedback, account: str) -> domain.Feedback:
    status = _ANSWER_STATUS.get(wire.reply_state or "", AnswerStatus.UNKNOWN)
    neutral = domain.Feedback(
        ref=Ref(MARKETPLACE, account, Noun.FEEDBACK, wire.id),
        created_at=wire.at.astimezone(UTC),
        rating=wire.stars,
        text=wire.text or "",
        answer=domain.Answer(wire.reply, status) if wire.reply else None,
    )
    attach_raw(neutral, wire)
    return neutral
