"""A Telegram bot that forwards new items to a chat, where people answer them.

Usage: BOT_TOKEN=... CHAT_ID=... python forwarder.py CONFIG [STATE]
"""

import asyncio
import logging
import os
import sys

from aiogram import Bot, Dispatcher, F, Router, types
from aiogram.exceptions import TelegramAPIError

from wbym import (
    Delivery,
    Event,
    Feedback,
    Handlers,
    Inbox,
    Message,
    Noun,
    Question,
    Ref,
    WbymError,
)

log = logging.getLogger("forwarder")

APPROVE = "approve"
KEYBOARD = types.InlineKeyboardMarkup(
    inline_keyboard=[[types.InlineKeyboardButton(text="Отправить ответ", callback_data=APPROVE)]]
)
ANSWER = "Ответ: "
"""Before the prepared answer, on the last line but one; the last line is the ref."""
PAUSE = 5.0
"""Seconds after an error of Telegram."""
MAX_TEXT = 3500
"""Characters of a buyer's text; a message of Telegram takes 4096."""


def show(ref: Ref, title: str, text: str, answer: str) -> str:
    """The bot's message about an item."""
    return f"{title} · {ref.account}\n\n{text[:MAX_TEXT]}\n\n{ANSWER}{answer}\n{ref}"


def read(text: str) -> tuple[Ref, str]:
    """The ref and the prepared answer of a message that `show` wrote."""
    *_, answer, ref = text.split("\n")
    return Ref.parse(ref), answer.removeprefix(ANSWER)


def handlers_of(inbox: Inbox, bot: Bot, chat: int) -> Handlers:
    """What goes to the chat."""
    handlers = Handlers()

    async def forward(ref: Ref, title: str, text: str, answer: str) -> None:
        await bot.send_message(chat, show(ref, title, text, answer), reply_markup=KEYBOARD)

    @handlers.feedback()
    async def feedback(event: Event[Feedback]) -> None:
        stars = event.record.rating or 0
        answer = "Спасибо за отзыв!" if stars > 3 else "Нам жаль. Напишите нам в чат, поможем."
        await forward(event.record.ref, "★" * stars, event.record.body, answer)

    @handlers.question()
    async def question(event: Event[Question]) -> None:
        answer = "Здравствуйте! Уточним и ответим."
        await forward(event.record.ref, "Вопрос", event.record.text, answer)

    @handlers.message()
    async def message(event: Event[Message]) -> None:
        text = event.record.text or "(без текста)"
        await forward(event.chat.ref, "Сообщение", text, "Здравствуйте! Уже смотрим.")

    return handlers


async def reply(inbox: Inbox, forwarded: types.Message, text: str | None = None) -> str:
    """Reply to the item of a forwarded message; what to tell the person who did.

    Args:
        inbox: Where to reply.
        forwarded: The bot's message.
        text: By default the prepared answer.
    """
    key = f"telegram/{forwarded.chat.id}/{forwarded.message_id}"
    try:
        ref, prepared = read(forwarded.text or "")
        if ref.noun is Noun.CHAT:
            delivery = await inbox.send(ref, text or prepared, idempotency_key=key)
        else:
            delivery = await inbox.answer(ref, text or prepared, idempotency_key=key)
    except WbymError as error:
        return f"Не отправлено: {error}"
    return outcome(delivery)


def outcome(delivery: Delivery) -> str:
    """A delivery in words."""
    if delivery.accepted:
        return f"Отправлено: {delivery.text}"
    return f"{delivery.state}: {delivery.note or 'отправим позже'}"


def router_of(inbox: Inbox, chat: int) -> Router:
    """What people in the chat may do."""
    router = Router()

    @router.callback_query(F.data == APPROVE, F.message.chat.id == chat)
    async def approve(query: types.CallbackQuery) -> None:
        if isinstance(query.message, types.Message):  # else Telegram no longer shows it
            await query.message.reply(await reply(inbox, query.message))
        await query.answer()

    @router.message(F.chat.id == chat, F.text, F.reply_to_message.from_user.is_bot)
    async def answer(message: types.Message) -> None:
        if message.reply_to_message is not None:
            await message.reply(await reply(inbox, message.reply_to_message, message.text))

    return router


async def take_updates(dispatcher: Dispatcher, bot: Bot) -> None:
    """Handle what people do in the chat, in order, until cancelled."""
    offset: int | None = None
    while True:
        try:
            for update in await bot.get_updates(offset, timeout=30):
                offset = update.update_id + 1
                await dispatcher.feed_update(bot, update)
        except TelegramAPIError as error:
            log.warning("%s", error)
            await asyncio.sleep(PAUSE)


async def run(inbox: Inbox, bot: Bot, chat: int) -> None:
    """Forward items and take answers until SIGTERM or Ctrl-C."""
    dispatcher = Dispatcher()
    dispatcher.include_router(router_of(inbox, chat))
    taking = asyncio.create_task(take_updates(dispatcher, bot))
    try:
        await handlers_of(inbox, bot, chat).run(inbox)
    finally:
        taking.cancel()
        await asyncio.wait([taking])


async def main(config: str, state: str) -> None:
    """Open everything, and run."""
    async with (
        Bot(os.environ["BOT_TOKEN"]) as bot,
        Inbox.from_config(config, state=state) as inbox,
    ):
        await run(inbox, bot, int(os.environ["CHAT_ID"]))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    asyncio.run(main(sys.argv[1], *(sys.argv[2:] or ["wbym.db"])))
