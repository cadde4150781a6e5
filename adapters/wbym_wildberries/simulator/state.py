"""One seller's cabinet: everything in it, and hooks that make something happen there."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Literal

from wbym.testing.schedule import Schedule
from wbym_wildberries.simulator.data_cards import CardData
from wbym_wildberries.simulator.data_chats import chat_data
from wbym_wildberries.simulator.data_claims import claim_list
from wbym_wildberries.simulator.data_feedbacks import feedback, feedback_shelf
from wbym_wildberries.simulator.data_questions import question, question_shelf
from wbym_wildberries.simulator.options import Options
from wbym_wildberries.simulator.shelf import Json
from wbym_wildberries.simulator.state_cards import Cards
from wbym_wildberries.simulator.state_chats import Chats, SentMessage
from wbym_wildberries.simulator.state_claims import Claims
from wbym_wildberries.simulator.state_feedbacks import Feedbacks, Ledger, Questions, Written
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
        start = int(now())
        seed, share = options.seed, options.open_share
        ledger = Ledger(effects, ignored)
        self.effects = effects
        self.ignored = ignored
        self._now = now
        self._schedule = Schedule()
        self._ledger = ledger
        self._rng = random.Random(f"arrivals {seed}")
        self.feedbacks = Feedbacks(
            feedback_shelf(count=options.feedbacks, seed=seed, start=start, open_share=share),
            ledger,
            self._schedule,
            now,
            options.moderation,
        )
        self.questions = Questions(
            question_shelf(count=options.questions, seed=seed, start=start, open_share=share),
            ledger,
            self._schedule,
            now,
        )
        self.pins = Pins(self.feedbacks.shelf, seed=seed, effects=effects, now=now)
        chats = chat_data(
            chats=options.chats,
            events_per_chat=options.events_per_chat,
            unlisted=options.unlisted_chats,
            seed=seed,
            start=start,
        )
        self.chats = Chats(
            chats, options=options, effects=effects, schedule=self._schedule, now=now
        )
        self.claims = Claims(
            claim_list(
                count=options.claims, seed=seed, start=start, chats=list(chats.chats.values())
            ),
            seed=seed,
            effects=effects,
            now=now,
        )
        self._list_products(options, start)
        self.seller = Seller(
            news=options.news, users=options.users, seed=seed, effects=effects, now=now
        )

    def _list_products(self, options: Options, start: int) -> None:
        effects, schedule, now = self.effects, self._schedule, self._now
        self.cards = Cards(
            CardData(count=options.cards, seed=options.seed, start=start),
            trashed=options.trashed,
            effects=effects,
            schedule=schedule,
            now=now,
        )
        self.labels = Labels(self.cards, effects)
        self.prices = Prices(
            self.cards, delay=options.price_delay, effects=effects, schedule=schedule, now=now
        )
        self.warehouses = Warehouses(
            self.cards, delay=options.warehouse_delay, effects=effects, schedule=schedule, now=now
        )
        self.permits = Permits(
            self.cards, delay=options.document_delay, effects=effects, schedule=schedule, now=now
        )
        self.uploads = Uploads(
            self.cards,
            self.permits,
            set_price=self.prices.set_size,
            room=options.card_room,
            delay=options.card_delay,
            seed=options.seed,
            effects=effects,
            schedule=schedule,
            now=now,
        )
        self.recommended: dict[int, list[int]] = {}

    def tick(self) -> None:
        """Lets happen what was due by now."""
        self._schedule.run(self._now())

    @property
    def sent(self) -> list[SentMessage]:
        """Every message sent to a buyer, in order."""
        return self.chats.sent

    @property
    def written(self) -> list[Written]:
        """Every answer, edit and rejection that had an effect, in order."""
        return self._ledger.written

    def arrive_feedback(self, *, ago: float = 0.0, **fields: object) -> str:
        """A buyer writes a feedback.

        Args:
            ago: Seconds since it was written; above 0 for one that was indexed late.
            fields: Fields of the feedback to set, such as `text` or `productValuation`.

        Returns:
            Its id.
        """
        record = {**feedback(self._rng, processed=False, recent=True), **fields}
        created = int(self._now() - ago)
        return self.feedbacks.arrive(record, nm_id=_nm_id(record), created=created)

    def arrive_question(self, *, ago: float = 0.0, **fields: object) -> str:
        """A buyer asks a question; arguments as in `arrive_feedback`."""
        record = {**question(self._rng, processed=False), **fields}
        created = int(self._now() - ago)
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
