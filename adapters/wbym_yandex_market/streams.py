"""What the feed can follow of an account: chats, questions, feedbacks and returns."""

from collections.abc import Sequence

from wbym.account import Stream
from wbym_yandex_market.streams_base import Context
from wbym_yandex_market.streams_chats import ChatStream
from wbym_yandex_market.streams_records import FeedbackStream, QuestionStream, ReturnStream

__all__ = ["Context", "streams_of"]


def streams_of(context: Context) -> Sequence[Stream]:
    """All four: what a credential opens Market tells only when it is asked."""
    return [
        ChatStream(context),
        QuestionStream(context),
        FeedbackStream(context),
        ReturnStream(context),
    ]
