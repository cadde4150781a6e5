"""The buyers of Wildberries."""

from __future__ import annotations

from wbym.testing import Buyers
from wbym_wildberries.simulator.state import Cabinet


class CabinetBuyers(Buyers):
    """The buyers of one seller."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    def write(self, text: str, *, chat: str | None = None) -> str:
        """A buyer writes in a chat, without `chat` in a new one; the chat's id."""
        chats = self._cabinet.chats
        chats.arrive(text, chat_id=chat)
        return chat or next(reversed(chats.chats))

    def ask(self, text: str) -> str:
        """A buyer asks a question; its id."""
        return self._cabinet.arrive_question(text=text)

    def give_feedback(self, text: str, *, rating: int = 5) -> str:
        """A buyer gives feedback with 1 to 5 stars; its id."""
        return self._cabinet.arrive_feedback(text=text, pros="", cons="", productValuation=rating)

    def open_return(self) -> str:
        """A buyer makes a claim that the seller can decide on; its id."""
        claims = self._cabinet.claims
        return claims.arrive(actions=claims.draw_actions())
