"""One business's cabinet, and hooks for acts of buyers."""

from __future__ import annotations

from collections.abc import Callable

from wbym.testing import JsonObject, ReceivedMessage, SimulatedCabinet, Stats
from wbym_yandex_market.simulator.context import Context
from wbym_yandex_market.simulator.data_campaigns import Orders, campaign_list
from wbym_yandex_market.simulator.options import Options
from wbym_yandex_market.simulator.state_chats import Chats, SentMessage
from wbym_yandex_market.simulator.state_feedbacks import Feedbacks
from wbym_yandex_market.simulator.state_questions import Questions
from wbym_yandex_market.simulator.state_returns import Decision, Returns
from wbym_yandex_market.simulator.texts import CABINETS


class Cabinet(SimulatedCabinet[Options, int]):
    """The campaigns, orders, feedbacks, questions, chats and returns of one business.

    The methods `arrive_...` are acts of buyers: see `arrive` of each noun.
    """

    context: Context

    def __init__(
        self,
        business: int,
        options: Options,
        *,
        stats: Stats,
        now: Callable[[], float],
        origin: Callable[[], str],
    ) -> None:
        """Generates the cabinet's data, dated back from now."""
        self.business = business
        self.name = CABINETS[business % len(CABINETS)]
        context = Context(options, business=business, name=self.name, stats=stats, now=now)
        super().__init__(context)
        campaigns = campaign_list(business, self.name, options.campaigns)
        self.campaigns = {campaign.id: campaign for campaign in campaigns}
        count = max(options.feedbacks, options.chats + options.returns) + 1000
        self.orders = Orders(business, campaigns, count)
        self.feedbacks = Feedbacks(context, order_ids=self.orders.ids)
        self.questions = Questions(context)
        self.returns = Returns(context, campaigns=campaigns, orders=self.orders)
        self.chats = Chats(context, orders=self.orders, returns=self.returns, origin=origin)
        self.arrive_feedback = self.feedbacks.arrive
        self.arrive_question = self.questions.arrive
        self.arrive_message = self.chats.arrive
        self.arrive_return = self.returns.arrive

    @property
    def listeners(self) -> list[Callable[[JsonObject], object]]:
        """Called with each notification at once; see `Notifier`."""
        return self.context.listeners

    @property
    def sent(self) -> list[SentMessage]:
        """Every message and file that the seller sent, in order."""
        return self.chats.sent

    @property
    def decisions(self) -> list[tuple[int, Decision]]:
        """Every decision of the seller: the return's id, and the decision on a position."""
        return self.returns.decisions

    def received(self) -> list[ReceivedMessage]:
        """The messages that buyers received; a file is a separate message, without text."""
        return [ReceivedMessage(str(each.chat_id), each.text or "") for each in self.sent]

    def records(self) -> dict[str, int]:
        """Counts of records by kind."""
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
