"""One seller's cabinet, and hooks for acts of buyers."""

from __future__ import annotations

import random

from wbym.testing import JsonObject, ReceivedMessage, SimulatedCabinet
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.data_cards import CardData
from wbym_wildberries.simulator.data_chats import chat_data
from wbym_wildberries.simulator.data_claims import claim_list
from wbym_wildberries.simulator.data_feedbacks import feedback, feedback_store
from wbym_wildberries.simulator.data_questions import question, question_store
from wbym_wildberries.simulator.options import Options
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


class Cabinet(SimulatedCabinet[Options, str]):
    """Everything that one seller has.

    The methods `arrive_...` are acts of buyers.

    Attributes:
        effects: Counts of the seller's changes.
        ignored: Counts of requests that succeeded without an effect.
        recommended: Items that are recommended on an item's page, by item.
    """

    def __init__(self, context: Context) -> None:
        """Generates the cabinet's data, dated back from now."""
        super().__init__(context)
        options = context.options
        start, seed, share = int(context.now()), options.seed, options.open_share
        self.effects = context.effects
        self.ignored = context.ignored
        self._rng = random.Random(f"arrivals {seed}")
        self.feedbacks = Feedbacks(
            feedback_store(count=options.feedbacks, seed=seed, start=start, open_share=share),
            context,
        )
        self.questions = Questions(
            question_store(count=options.questions, seed=seed, start=start, open_share=share),
            context,
        )
        self.pins = Pins(self.feedbacks.store, context)
        chats = chat_data(
            chats=options.chats,
            events_per_chat=options.events_per_chat,
            unlisted=options.unlisted_chats,
            seed=seed,
            start=start,
        )
        self.chats = Chats(chats, context)
        claims = claim_list(
            count=options.claims, seed=seed, start=start, chats=list(chats.chats.values())
        )
        self.claims = Claims(claims, context)
        self.cards = Cards(CardData(count=options.cards, seed=seed, start=start), context)
        self.labels = Labels(self.cards, context)
        self.prices = Prices(self.cards, context)
        self.warehouses = Warehouses(self.cards, context)
        self.permits = Permits(self.cards, context)
        self.uploads = Uploads(self.cards, self.permits, self.prices.set_size, context)
        self.recommended: dict[int, list[int]] = {}
        self.seller = Seller(context)
        self.arrive_message = self.chats.arrive
        self.rotate_signs = self.chats.rotate_signs

    @property
    def sent(self) -> list[SentMessage]:
        """Every message that the seller sent, in order."""
        return self.chats.sent

    def received(self) -> list[ReceivedMessage]:
        """The messages that buyers received; the text is empty if a message has only files."""
        return [ReceivedMessage(each.chat_id, each.text or "") for each in self.sent]

    def arrive_feedback(self, *, ago: float = 0.0, **fields: object) -> str:
        """A buyer writes a feedback.

        Args:
            ago: Seconds since it was written; above 0 for one that was indexed late.
            fields: Fields of the feedback to set, such as `text` or `productValuation`.

        Returns:
            Its id.
        """
        record = {**feedback(self._rng, processed=False, recent=True), **fields}
        created = int(self.now() - ago)
        return self.feedbacks.arrive(record, nm_id=_nm_id(record), created=created)

    def arrive_question(self, *, ago: float = 0.0, **fields: object) -> str:
        """A buyer asks a question; arguments as in `arrive_feedback`."""
        record = {**question(self._rng, processed=False), **fields}
        created = int(self.now() - ago)
        return self.questions.arrive(record, nm_id=_nm_id(record), created=created)

    def records(self) -> dict[str, int]:
        """Counts of records by kind."""
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


def _nm_id(record: JsonObject) -> int:
    details = record["productDetails"]
    nm_id = details["nmId"] if isinstance(details, dict) else 0
    return nm_id if isinstance(nm_id, int) else 0
