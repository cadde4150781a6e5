"""Handlers of events, whose records are typed by their kind."""

from typing import assert_type

from wbym import (
    Chat,
    Event,
    Feedback,
    Handlers,
    Inbox,
    Message,
    Question,
    Return,
    UndecodableRecord,
)
from wbym.feed import DeadLetter

handlers = Handlers(concurrency=4, on_error=lambda event, error: (event.id, error))


@handlers.feedback(lambda event: event.record.rating == 5)
async def thank(event: Event[Feedback]) -> None:
    """A feedback."""
    assert_type(event.record, Feedback)
    assert_type(event.record.rating, int | None)


@handlers.message(lambda event: event.record.text == "?", from_buyer=None)
async def reply(event: Event[Message]) -> str:
    """A message, in its chat."""
    assert_type(event.record, Message)
    assert_type(event.chat, Chat)
    return event.id


@handlers.answer(lambda event: event.record.answer is not None)
async def changed(event: Event[Question | Feedback]) -> None:
    """A changed record."""
    assert_type(event.record, Question | Feedback)


async def either(event: Event[Question | Feedback]) -> None:
    """One handler of two kinds."""
    assert_type(event.record, Question | Feedback)


handlers.question()(either)
handlers.feedback()(either)


@handlers.return_request()
async def returned(event: Event[Return]) -> None:
    """A return."""
    assert_type(event.record, Return)


@handlers.undecodable()
async def undecodable(event: Event[UndecodableRecord]) -> None:
    """A record that could not be decoded."""
    assert_type(event.record, UndecodableRecord)


@handlers.chat()
async def anything(event: Event) -> None:
    """An event of any kind."""
    assert_type(event.record, Chat | Message | Question | Feedback | Return | UndecodableRecord)
    assert_type(event.feedback, Feedback)


async def main(inbox: Inbox) -> None:
    """A run, and what it laid aside."""
    await handlers.run(inbox)
    for letter in await inbox.dead_letters.all("shop"):
        assert_type(letter, DeadLetter)
        await inbox.dead_letters.retry(letter.event.id)
