"""The buyers of Yandex Market."""

from __future__ import annotations

from wbym.testing import Buyers
from wbym_yandex_market.simulator.state import Cabinet


class CabinetBuyers(Buyers):
    """The buyers of one business."""

    def __init__(self, cabinet: Cabinet) -> None:
        self._cabinet = cabinet

    def write(self, text: str, *, chat: str | None = None) -> str:
        """A buyer writes in a chat, without `chat` in a new one; the chat's id."""
        chats = self._cabinet.chats
        chats.arrive(text, chat_id=None if chat is None else int(chat))
        return chat or str(max(each.id for each in chats.rows))

    def ask(self, text: str) -> str:
        """A buyer asks a question; its id."""
        return str(self._cabinet.arrive_question(text))

    def give_feedback(self, text: str, *, rating: int = 5) -> str:
        """A buyer gives feedback with 1 to 5 stars; its id."""
        statistics = {"rating": rating, "commentsCount": 0}
        return str(
            self._cabinet.arrive_feedback(description={"comment": text}, statistics=statistics)
        )

    def open_return(self) -> str:
        """A buyer opens a return; its id."""
        return str(self._cabinet.arrive_return())
