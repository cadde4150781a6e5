"""A tiny program: it answers buyers who ask when their order comes."""

from wbym import Chat, EventKind, Inbox, Message

REPLY = "Здравствуйте! Заказ уже в пути, срок виден в личном кабинете."


def is_about_delivery(message: Message) -> bool:
    """Whether a buyer asks when the order comes."""
    return "когда" in (message.text or "").casefold()


async def answer_one(inbox: Inbox, chat: Chat, message: Message, key: str) -> None:
    """Answer a message of a buyer, if the answer is known."""
    if is_about_delivery(message):
        await inbox.send(chat, REPLY, idempotency_key=key)


async def run(inbox: Inbox) -> None:
    """Answer new messages until cancelled."""
    async for event in inbox.events():
        if event.kind is EventKind.MESSAGE and event.from_buyer:
            await answer_one(inbox, event.chat, event.message, event.id)
