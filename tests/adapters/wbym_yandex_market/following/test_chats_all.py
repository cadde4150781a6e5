"""The stream of chats with random events: each message is delivered once."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from tests.adapters.wbym_yandex_market.following.chat_shops import EPOCH, ChatShop, open_chat_shop
from wbym.calls import Request

STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["buyer", "seller", "support", "during", "hint"]), st.integers(0, 9)
        ),
        st.tuples(st.just("new"), st.just(0)),
        st.tuples(st.sampled_from(["round", "round", "killed"]), st.integers(0, 3)),
        st.tuples(st.just("tick"), st.sampled_from([0.3, 1, 5, 600])),
    ),
    max_size=25,
)


class TestAll:
    @given(steps=STEPS, all_time=st.booleans())
    async def test_messages_under_random_steps(
        self, steps: list[tuple[str, float]], all_time: bool
    ) -> None:
        async with open_chat_shop(chats=4, messages=3) as shop:
            if all_time:
                shop.follower.since = EPOCH
            run = Run(shop)
            for step, number in steps:
                await run.take(step, number)
            for _ in range(3):
                await run.take("tick", 600)
                await run.take("round", 0)
            run.check()


class Run:
    """Performs the actions that a test drew."""

    def __init__(self, shop: ChatShop) -> None:
        self.shop = shop
        self.follower = shop.follower
        self.chats = shop.chats

    async def take(self, step: str, number: float) -> None:
        chats = self.shop.market.state.chats
        chat = self.chats[int(number) % len(self.chats)]
        if step == "new":
            self.chats.append(self.shop.chat_of(self.shop.write()))
        elif step == "buyer":
            self.shop.write(chat)
        elif step == "seller":
            self.shop.reply(chat, "Ответ")
        elif step == "support":
            chats.arrive(chat_id=chat, sender="SUPPORT")
        elif step == "during":
            self.shop.transport.before = self._during(chat)
        elif step == "tick":
            self.shop.time.passed += number
        elif step == "hint":
            await self.follower.round(due=False, hints=[str(chat), ""])
        elif step == "killed":
            await self.follower.round(stop=int(number))
            self.follower = self.follower.restarted()
        else:
            await self.follower.round()

    def _during(self, chat: int) -> Callable[[Request], None]:
        """A message that arrives between the list of chats and the next history."""

        def before(request: Request) -> None:
            if "/chats/history" in request.url:
                self.shop.transport.before = lambda request: None
                self.shop.write(chat)

        return before

    def check(self) -> None:
        """Assert that each message was delivered once, in the order of its chat."""
        received: dict[str, list[str]] = {}
        for message in self.follower.messages:
            received.setdefault(message.chat.id, []).append(message.ref.id)
        wanted = {
            str(chat.id): [
                str(message.id)
                for message in chat.messages
                if message.created >= self.follower.since.timestamp()
            ]
            for chat in self.shop.market.state.chats.rows
        }
        assert received == {chat: ids for chat, ids in wanted.items() if ids}
        shown = self.follower.shown
        assert all(shown[f"message/{one}"] == 1 for ids in received.values() for one in ids)
