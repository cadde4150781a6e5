"""The buyers of a simulated marketplace: they write, ask, give feedback and open returns."""

from __future__ import annotations

from typing import TypeAlias

import aiohttp
import msgspec


class Buyers:
    """The buyers of a simulator's first seller.

    A subclass overrides what its marketplace has; the rest raises `NotImplementedError`.
    """

    def write(self, text: str, *, chat: str | None = None) -> str:
        """A buyer writes in a chat, without `chat` in a new one.

        Args:
            text: The text.
            chat: The chat's id; without it a new chat begins.

        Returns:
            The chat's id.

        Raises:
            LookupError: The chat does not exist.
        """
        raise NotImplementedError("this simulator has no buyers' messages")

    def ask(self, text: str) -> str:
        """A buyer asks a question; its id."""
        raise NotImplementedError("this simulator has no questions")

    def give_feedback(self, text: str, *, rating: int = 5) -> str:
        """A buyer gives feedback with 1 to 5 stars; its id.

        Args:
            text: The text.
            rating: Stars, 1 to 5.
        """
        raise NotImplementedError("this simulator has no feedbacks")

    def open_return(self) -> str:
        """A buyer opens a return that awaits the seller's decision; its id."""
        raise NotImplementedError("this simulator has no returns")


class _Act(msgspec.Struct, frozen=True, tag_field="act"):
    """An act of a buyer in an HTTP request."""


class _Write(_Act, frozen=True, tag="write"):
    text: str
    chat: str | None = None

    def do(self, buyers: Buyers) -> str:
        return buyers.write(self.text, chat=self.chat)


class _Ask(_Act, frozen=True, tag="ask"):
    text: str

    def do(self, buyers: Buyers) -> str:
        return buyers.ask(self.text)


class _GiveFeedback(_Act, frozen=True, tag="give_feedback"):
    text: str
    rating: int = 5

    def do(self, buyers: Buyers) -> str:
        return buyers.give_feedback(self.text, rating=self.rating)


class _OpenReturn(_Act, frozen=True, tag="open_return"):
    def do(self, buyers: Buyers) -> str:
        return buyers.open_return()


_Acts: TypeAlias = _Write | _Ask | _GiveFeedback | _OpenReturn


class ActResult(msgspec.Struct, frozen=True):
    """The response to an act of a buyer."""

    id: str
    """Of the chat, question, feedback or return."""


def act(buyers: Buyers, body: bytes) -> ActResult:
    """Performs the act in the body of a request.

    Raises:
        ValueError: It is not an act of a buyer.
        LookupError: The chat does not exist.
        NotImplementedError: The marketplace lacks this act.
    """
    return ActResult(msgspec.json.decode(body, type=_Acts).do(buyers))


class RemoteBuyers:
    """The buyers of a simulator in another process, as `Buyers`.

    Every method raises `ValueError` when the simulator rejects the act.

    Args:
        url: The simulator's address.
    """

    def __init__(self, url: str) -> None:
        self._url = f"{url}/__simulator/buyers"

    async def write(self, text: str, *, chat: str | None = None) -> str:
        """A buyer writes in a chat, without `chat` in a new one; the chat's id.

        Args:
            text: The text.
            chat: The chat's id; without it a new chat begins.
        """
        return await self._send(_Write(text, chat))

    async def ask(self, text: str) -> str:
        """A buyer asks a question; its id."""
        return await self._send(_Ask(text))

    async def give_feedback(self, text: str, *, rating: int = 5) -> str:
        """A buyer gives feedback with 1 to 5 stars; its id.

        Args:
            text: The text.
            rating: Stars, 1 to 5.
        """
        return await self._send(_GiveFeedback(text, rating))

    async def open_return(self) -> str:
        """A buyer opens a return that awaits the seller's decision; its id."""
        return await self._send(_OpenReturn())

    async def _send(self, act: _Acts) -> str:
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._url, data=msgspec.json.encode(act)) as response,
        ):
            if response.status != 200:
                raise ValueError(await response.text())
            return msgspec.json.decode(await response.read(), type=ActResult).id
