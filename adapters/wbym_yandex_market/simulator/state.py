"""One business's cabinet: everything in it, and hooks that make something happen there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from wbym.testing._desk import Written
from wbym_yandex_market.simulator.data_campaigns import Orders, campaign_list
from wbym_yandex_market.simulator.data_chats import Context, File, Sender
from wbym_yandex_market.simulator.desk import Desk
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.rows import Json
from wbym_yandex_market.simulator.state_chats import Chats, SentMessage
from wbym_yandex_market.simulator.state_feedbacks import Feedbacks
from wbym_yandex_market.simulator.state_questions import Questions
from wbym_yandex_market.simulator.state_returns import Decision, Returns
from wbym_yandex_market.simulator.texts import CABINETS


class Cabinet:
    """What one business has: campaigns, orders, feedbacks, questions, chats and returns."""

    def __init__(
        self,
        business: int,
        options: Options,
        *,
        effects: Counter[str],
        ignored: Counter[str],
        now: Callable[[], float],
        origin: Callable[[], str],
    ) -> None:
        """Generates the cabinet's data, dated back from now."""
        start = int(now())
        seed = f"{business} {options.seed}"
        self.business = business
        self.options = options
        self.name = CABINETS[business % len(CABINETS)]
        campaigns = campaign_list(business, self.name, options.campaigns)
        self.campaigns = {campaign.id: campaign for campaign in campaigns}
        most = max(options.feedbacks, options.chats + options.returns)
        self.orders = Orders(business, campaigns, most + 1000)
        self._desk = Desk(
            business=business,
            name=self.name,
            options=options,
            effects=effects,
            ignored=ignored,
            now=now,
        )
        self.feedbacks = Feedbacks(self._desk, seed=seed, start=start, order_ids=self.orders.ids)
        self.questions = Questions(self._desk, seed=seed, start=start)
        self.returns = Returns(
            self._desk, seed=seed, start=start, campaigns=campaigns, orders=self.orders
        )
        self.chats = Chats(
            self._desk,
            seed=seed,
            start=start,
            orders=self.orders,
            returns=self.returns,
            origin=origin,
        )

    def now(self) -> float:
        """Unix time of the marketplace."""
        return self._desk.now()

    def tick(self) -> None:
        """Lets happen what was due by now."""
        self._desk.tick()

    @property
    def listeners(self) -> list[Callable[[Json], object]]:
        """Called with the notification of what happens, as it happens; see `Notifier`."""
        return self._desk.listeners

    @property
    def written(self) -> list[Written[int]]:
        """Everything that the seller did, in order, with its text."""
        return self._desk.written

    @property
    def sent(self) -> list[SentMessage]:
        """Every message and file that the seller sent, in order."""
        return self.chats.sent

    @property
    def decisions(self) -> list[tuple[int, Decision]]:
        """Every decision taken: the return, and what was decided on a position."""
        return self.returns.decisions

    # What buyers and Market do.

    def arrive_feedback(self, *, ago: float = 0.0, **fields: object) -> int:
        """A buyer leaves a feedback.

        Args:
            ago: Seconds since it was left.
            fields: Fields of the feedback to set, such as `author` or `description`.

        Returns:
            Its id.
        """
        return self.feedbacks.arrive(ago=ago, **fields)

    def arrive_question(
        self, text: str | None = None, *, ago: float = 0.0, offer: str | None = None
    ) -> int:
        """A buyer asks a question; gives its id."""
        return self.questions.arrive(text, ago=ago, offer=offer)

    def arrive_message(
        self,
        text: str | None = "Здравствуйте!",
        *,
        chat_id: int | None = None,
        sender: Sender = "CUSTOMER",
        context: Context = "DIRECT",
        files: Sequence[File] = (),
    ) -> int:
        """Somebody writes in a chat, by default a buyer in a new one; gives the message's id."""
        return self.chats.arrive(text, chat_id=chat_id, sender=sender, context=context, files=files)

    def arrive_return(
        self,
        *,
        campaign_id: int | None = None,
        order_id: int | None = None,
        ago: float = 0.0,
        waits: bool = True,
        redeemed: bool = True,
    ) -> int:
        """A buyer opens a return, or does not redeem an order; gives its id."""
        return self.returns.arrive(
            campaign_id=campaign_id, order_id=order_id, ago=ago, waits=waits, redeemed=redeemed
        )

    def records(self) -> dict[str, int]:
        """How many records of each kind there are."""
        return {
            "feedbacks": len(self.feedbacks.rows),
            "feedbacks_waiting": self.feedbacks.waiting,
            "questions": len(self.questions.rows),
            "questions_unanswered": self.questions.unanswered,
            "chats": len(self.chats.rows),
            "chats_waiting": self.chats.waiting,
            "messages": self.chats.message_count,
            "returns": len(self.returns),
            "returns_waiting": self.returns.waiting,
            "campaigns": len(self.campaigns),
        }
