"""One seller's cabinet: everything in it, and hooks that make something happen there."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Literal

from wbym.testing._desk import Written
from wbym_wildberries.simulator.data_cards import CardData
from wbym_wildberries.simulator.data_chats import chat_data
from wbym_wildberries.simulator.data_claims import claim_list
from wbym_wildberries.simulator.data_feedbacks import feedback, feedback_shelf
from wbym_wildberries.simulator.data_questions import question, question_shelf
from wbym_wildberries.simulator.desk import Desk
from wbym_wildberries.simulator.options import Options
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state_cards import Cards
from wbym_wildberries.simulator.state_chats import Chats, SentMessage
from wbym_wildberries.simulator.state_claims import Claims
from wbym_wildberries.simulator.state_feedbacks import Feedbacks, Questions
from wbym_wildberries.simulator.state_labels import Labels
from wbym_wildberries.simulator.state_permits import Permits
from wbym_wildberries.simulator.state_pins import Pins
from wbym_wildberries.simulator.state_prices import Prices
from wbym_wildberries.simulator.state_seller import Seller
from wbym_wildberries.simulator.state_uploads import Uploads
from wbym_wildberries.simulator.state_warehouses import Warehouses


class Cabinet:
    """What one seller has: buyers' words, cards, prices, warehouses and the seller's own page.

    Attributes:
        effects: Counts what was done.
        ignored: Counts what was answered with success and had no effect.
        recommended: Items that are recommended on an item's page, by item.
    """

    def __init__(
        self,
        options: Options,
        *,
        effects: Counter[str],
        ignored: Counter[str],
        now: Callable[[], float],
    ) -> None:
        """Generates the cabinet's data, dated back from now."""
        desk = self._desk = Desk(options, effects=effects, ignored=ignored, now=now)
        start, seed, share = int(now()), options.seed, options.open_share
        self.options = options
        self.effects = effects
        self.ignored = ignored
        self._rng = random.Random(f"arrivals {seed}")
        self.feedbacks = Feedbacks(
            feedback_shelf(count=options.feedbacks, seed=seed, start=start, open_share=share), desk
        )
        self.questions = Questions(
            question_shelf(count=options.questions, seed=seed, start=start, open_share=share), desk
        )
        self.pins = Pins(self.feedbacks.shelf, desk)
        chats = chat_data(
            chats=options.chats,
            events_per_chat=options.events_per_chat,
            unlisted=options.unlisted_chats,
            seed=seed,
            start=start,
        )
        self.chats = Chats(chats, desk)
        claims = claim_list(
            count=options.claims, seed=seed, start=start, chats=list(chats.chats.values())
        )
        self.claims = Claims(claims, desk)
        self.cards = Cards(CardData(count=options.cards, seed=seed, start=start), desk)
        self.labels = Labels(self.cards, desk)
        self.prices = Prices(self.cards, desk)
        self.warehouses = Warehouses(self.cards, desk)
        self.permits = Permits(self.cards, desk)
        self.uploads = Uploads(self.cards, self.permits, self.prices.set_size, desk)
        self.recommended: dict[int, list[int]] = {}
        self.seller = Seller(desk)

    def tick(self) -> None:
        """Lets happen what was due by now."""
        self._desk.tick()

    @property
    def sent(self) -> list[SentMessage]:
        """Every message sent to a buyer, in order."""
        return self.chats.sent

    @property
    def written(self) -> list[Written[str]]:
        """Every answer, edit and rejection that had an effect, in order."""
        return self._desk.written

    def arrive_feedback(self, *, ago: float = 0.0, **fields: object) -> str:
        """A buyer writes a feedback.

        Args:
            ago: Seconds since it was written; above 0 for one that was indexed late.
            fields: Fields of the feedback to set, such as `text` or `productValuation`.

        Returns:
            Its id.
        """
        record = {**feedback(self._rng, processed=False, recent=True), **fields}
        created = int(self._desk.now() - ago)
        return self.feedbacks.arrive(record, nm_id=_nm_id(record), created=created)

    def arrive_question(self, *, ago: float = 0.0, **fields: object) -> str:
        """A buyer asks a question; arguments as in `arrive_feedback`."""
        record = {**question(self._rng, processed=False), **fields}
        created = int(self._desk.now() - ago)
        return self.questions.arrive(record, nm_id=_nm_id(record), created=created)

    def arrive_message(
        self,
        text: str | None = "Здравствуйте!",
        *,
        chat_id: str | None = None,
        sender: Literal["client", "seller", "wb"] = "client",
        source: str | None = "rusite",
        listed: bool = True,
        at: int | None = None,
        attachments: Json | None = None,
    ) -> str:
        """Somebody writes in a chat, by default a buyer in a new one; see `Chats.arrive`."""
        return self.chats.arrive(
            text,
            chat_id=chat_id,
            sender=sender,
            source=source,
            listed=listed,
            at=at,
            attachments=attachments,
        )

    def rotate_signs(self) -> None:
        """Gives every chat a new `replySign`."""
        self.chats.rotate_signs()

    def records(self) -> dict[str, int]:
        """How many records of each kind there are."""
        return {
            "feedbacks": self.feedbacks.open_count + self.feedbacks.archive_count,
            "feedbacks_open": self.feedbacks.open_count,
            "questions": self.questions.open_count + self.questions.archive_count,
            "questions_open": self.questions.open_count,
            "chats": len(self.chats.chats),
            "chats_listed": sum(chat.listed for chat in self.chats.chats.values()),
            "events": self.chats.event_count,
            "claims": len(self.claims),
            "claims_shown": sum(
                len(self.claims.select(archived=archived)) for archived in (False, True)
            ),
            "pins": len(self.pins.pins),
            "cards": len(self.cards.live),
            "cards_trashed": len(self.cards.bin),
            "warehouses": len(self.warehouses.all),
        }


def _nm_id(record: Json) -> int:
    details = record["productDetails"]
    nm_id = details["nmId"] if isinstance(details, dict) else 0
    return nm_id if isinstance(nm_id, int) else 0
