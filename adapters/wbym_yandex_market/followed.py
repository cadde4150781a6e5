"""What the feed asks of an account: its streams, and one record again."""

from collections.abc import Sequence
from typing import TypeVar, cast

from wbym.account import Stream
from wbym.domain import Chat, Feedback, Question, Ref, Return
from wbym.errors import InvalidInput
from wbym_yandex_market import replies
from wbym_yandex_market.account import Account
from wbym_yandex_market.decisions import Deciding, number_of
from wbym_yandex_market.mapping import MARKETPLACE

__all__ = ["FollowedAccount"]

R = TypeVar("R", Question, Feedback, Return)


class FollowedAccount(Account):
    """An account that the feed can follow; arguments and errors as for ``YandexMarket``."""

    def streams(self) -> Sequence[Stream]:
        """Chats, questions, feedbacks and returns, for the feed.

        All four, since without a request it is not known what a credential opens.
        """
        from wbym_yandex_market.streams import open_streams  # loads the feed

        return open_streams(
            self.api,
            self._cabinet,
            self._dialect.quota,
            self._pipeline.report,
            at_once=self._parallel,
        )

    async def reread(self, item: R) -> R:
        """The record as it is now, a question or a feedback with the seller's answer.

        A return of which the shop is not known yet is looked for in all of them, a call each.

        Raises:
            NotFound: There is none with this id any more.
            InvalidInput: It is of another account, or a return without its order.
        """
        return cast(R, await self._now(item))

    async def _now(self, item: Question | Feedback | Return) -> Question | Feedback | Return:
        number = self._own("reread", item)
        match item:
            case Question():
                return await replies.read_question(self.api, self.name, number)
            case Feedback():
                return await replies.read_feedback(self.api, self.name, number)
            case Return():
                return await Deciding(self.api, self._cabinet).reread(item)

    def _own(self, method: str, item: Chat | Question | Feedback | Return) -> int:
        """The id of one of the account's records, as Market has it."""
        ref: Ref = item.ref
        if (ref.marketplace, ref.account) != (MARKETPLACE, self.name):
            rule = f"must be of the account {MARKETPLACE}/{self.name}"
            raise InvalidInput(method, "ref", rule, str(ref))
        return number_of(method, "ref", ref.id)
