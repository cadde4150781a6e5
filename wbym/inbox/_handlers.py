"""Handlers: functions that are called with events, by kind and condition."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from datetime import datetime
from typing import Any, TypeAlias, TypeVar

import msgspec

from wbym.account import Observed
from wbym.calls import require
from wbym.domain import Chat, Feedback, Message, Question, Return, UndecodableRecord
from wbym.errors import InvalidInput
from wbym.feed import Event, EventKind
from wbym.inbox._dispatch import Dispatcher
from wbym.inbox._inbox import Inbox
from wbym.inbox._signals import stop_signals

__all__ = ["Condition", "Handler", "Handlers", "OnHandlerError"]

R = TypeVar("R", bound=Observed)

Handler: TypeAlias = Callable[[Event[R]], Awaitable[object]]
"""An async function that handles an event."""
Condition: TypeAlias = Callable[[Event[R]], bool]
"""A function that says whether a handler is for an event."""
OnHandlerError: TypeAlias = Callable[[Event, Exception], object]
"""A function that is called with each error of a handler."""

logger: logging.Logger = logging.getLogger("wbym.handlers")


class Handlers:
    """Functions that handle the events of an inbox.

    ::

        handlers = Handlers()

        @handlers.feedback(lambda event: event.feedback.rating == 5)
        async def thank(event: Event[Feedback]) -> None: ...

        await handlers.run(inbox)

    The first handler that was registered for the kind of an event, and whose conditions are all
    true, gets it; later ones do not. The event is confirmed when the handler returns. Events
    without a handler are confirmed, except for undecodable records, which are laid aside.

    Events of one chat, question, feedback or return are handled one after the other, in order,
    and those of different ones concurrently.

    If the handler, or a condition, raises, the event is tried again after 1, 2, 4, ... up to 60 s,
    and not before the ``retry_after`` of the error. Later events of its chat wait meanwhile; other
    chats continue. After ``attempts``, or at once if the error is a ``WbymError`` that is not
    ``retryable``, it is laid aside: see ``Inbox.dead_letters``.

    Args:
        concurrency: Max number of handlers that run at a time.
        attempts: Max number of attempts per event and run.
        grace: Seconds that running handlers have to finish after a stop, before they are cancelled.
        on_error: Called with the event and the error of each failed attempt, after it was logged.

    Raises:
        InvalidInput: ``concurrency`` or ``attempts`` is less than 1, or ``grace`` negative.
    """

    def __init__(
        self,
        *,
        concurrency: int = 16,
        attempts: int = 8,
        grace: float = 5.0,
        on_error: OnHandlerError | None = None,
    ) -> None:
        require("Handlers", "concurrency", concurrency, int)
        require("Handlers", "attempts", attempts, int)
        require("Handlers", "grace", grace, float)
        for name, number, lowest in (
            ("concurrency", concurrency, 1),
            ("attempts", attempts, 1),
            ("grace", grace, 0),
        ):
            if number < lowest:
                raise InvalidInput("Handlers", name, f"must be at least {lowest}", number)
        self._rules: list[_Rule] = []
        self._running: set[Dispatcher] = set()
        self._concurrency = concurrency
        self._attempts = attempts
        self._grace = grace
        self._on_error = on_error

    def chat(self, *conditions: Condition[Chat]) -> Callable[[Handler[Chat]], Handler[Chat]]:
        """Register a handler of new chats."""
        return self._register(EventKind.CHAT, conditions)

    def message(
        self, *conditions: Condition[Message], from_buyer: bool | None = True
    ) -> Callable[[Handler[Message]], Handler[Message]]:
        """Register a handler of messages.

        Args:
            conditions: All of them have to be true.
            from_buyer: True for messages of the buyer, False for those of the seller and the
                marketplace, among them your own replies; None for both.
        """
        require("Handlers.message", "from_buyer", from_buyer, bool | None)
        if from_buyer is None:
            return self._register(EventKind.MESSAGE, conditions)

        def by_author(event: Event[Message]) -> bool:
            return event.from_buyer is from_buyer

        return self._register(EventKind.MESSAGE, (by_author, *conditions))

    def question(
        self, *conditions: Condition[Question]
    ) -> Callable[[Handler[Question]], Handler[Question]]:
        """Register a handler of new questions."""
        return self._register(EventKind.QUESTION, conditions)

    def feedback(
        self, *conditions: Condition[Feedback]
    ) -> Callable[[Handler[Feedback]], Handler[Feedback]]:
        """Register a handler of new feedbacks."""
        return self._register(EventKind.FEEDBACK, conditions)

    def answer(
        self, *conditions: Condition[Question | Feedback]
    ) -> Callable[[Handler[Question | Feedback]], Handler[Question | Feedback]]:
        """Register a handler of changed questions and feedbacks."""
        return self._register(EventKind.ANSWER, conditions)

    def return_request(
        self, *conditions: Condition[Return]
    ) -> Callable[[Handler[Return]], Handler[Return]]:
        """Register a handler of new returns."""
        return self._register(EventKind.RETURN, conditions)

    def return_changed(
        self, *conditions: Condition[Return]
    ) -> Callable[[Handler[Return]], Handler[Return]]:
        """Register a handler of changed returns."""
        return self._register(EventKind.RETURN_CHANGED, conditions)

    def undecodable(
        self, *conditions: Condition[UndecodableRecord]
    ) -> Callable[[Handler[UndecodableRecord]], Handler[UndecodableRecord]]:
        """Register a handler of records that could not be decoded."""
        return self._register(EventKind.UNDECODABLE, conditions)

    def _register(
        self, kind: EventKind, conditions: Sequence[Condition[R]]
    ) -> Callable[[Handler[R]], Handler[R]]:
        method = f"Handlers.{'return_request' if kind is EventKind.RETURN else kind}"
        given: Sequence[object] = conditions
        for condition in given:
            if not callable(condition) or inspect.iscoroutinefunction(condition):
                rule = f"must be plain functions; to register a handler, write @{method}()"
                raise InvalidInput(method, "conditions", rule, condition)

        def register(handler: Handler[R]) -> Handler[R]:
            if not inspect.iscoroutinefunction(handler):
                raise InvalidInput(method, "handler", "must be an async function", handler)
            self._rules.append(_Rule(kind, tuple(conditions), handler))
            return handler

        return register

    async def run(
        self,
        inbox: Inbox,
        *,
        since: datetime | None = None,
        wait: bool = False,
        handle_signals: bool = True,
    ) -> None:
        """Handle events until :meth:`stop`, SIGTERM or SIGINT.

        Then no handler is started any more. Running ones have ``grace`` seconds to finish, or until
        a second signal, and are cancelled. Whatever is not handled comes in the next run.

        Args:
            inbox: With a ``state``. Other loops over its events cannot run meanwhile.
            since: See ``Inbox.events``.
            wait: See ``Inbox.events``.
            handle_signals: Whether the two signals stop the run, where it is in the main thread.

        Raises:
            InvalidInput: The inbox has no ``state``, or ``since`` is naive.
            FeedBusy: Another reader follows one of the accounts.
            StateError: The state cannot be read or written.
        """
        require("Handlers.run", "inbox", inbox, Inbox)
        require("Handlers.run", "handle_signals", handle_signals, bool)
        events = inbox.events(since=since, auto_ack=False, wait=wait)
        dispatcher = Dispatcher(
            events,
            self._call,
            concurrency=self._concurrency,
            attempts=self._attempts,
            on_error=self._on_error,
        )
        self._running.add(dispatcher)
        try:
            with stop_signals(dispatcher.stop) if handle_signals else nullcontext():
                await dispatcher.run()
            await dispatcher.finish(self._grace)
        finally:
            self._running.discard(dispatcher)
            await dispatcher.aclose()

    def stop(self) -> None:
        """Stop all runs, as SIGTERM does; returns at once."""
        for dispatcher in self._running:
            dispatcher.stop()

    async def _call(self, event: Event) -> None:
        for rule in self._rules:
            if rule.kind is event.kind and all(condition(event) for condition in rule.conditions):
                await rule.handler(event)
                return
        logger.debug("%s: no handler for %s", event.account, event.id)
        if event.kind is EventKind.UNDECODABLE:
            await event.lay_aside("no handler is registered for undecodable records", attempts=0)


class _Rule(msgspec.Struct, frozen=True):
    """A registered handler."""

    kind: EventKind
    conditions: tuple[Condition[Any], ...]
    handler: Handler[Any]
