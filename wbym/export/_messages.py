"""All messages of an account, read as its stream of chats shows them.

The stream reads them with far fewer calls than chat by chat, where a marketplace has one log of all
messages, and it can continue where it stopped.
"""

import base64
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

import msgspec

from wbym.account import Account, Poll
from wbym.domain import Message
from wbym.errors import Unsupported
from wbym.export._spool import Entry

__all__ = ["read_messages"]

_CHATS: Final = "chats"
_BEGINNING: Final = datetime.fromtimestamp(0, UTC)


async def read_messages(
    account: Account, entry: Entry
) -> AsyncGenerator[tuple[Entry, list[Message]], None]:
    """Read the messages of the entry's period, in parts, each with the position after it.

    Raises:
        Unsupported: The account's credentials do not include chats.
        WbymError: A call failed. A chat that failed does not stop the others.
    """
    stream = next((each for each in account.streams() if each.name == _CHATS), None)
    if stream is None:
        raise Unsupported(account.marketplace, "export.messages", "account", account.name)
    state = None if entry.cursor is None else base64.b64decode(entry.cursor)
    poll = Poll(state, entry.start or _BEGINNING, _nothing_known)
    async with aclosing(stream.poll(poll)) as batches:
        async for batch in batches:
            if batch.state is not None:
                cursor = base64.b64encode(batch.state).decode()
                entry = msgspec.structs.replace(entry, cursor=cursor)
            records = (each.record for each in batch.observations)
            yield (
                entry,
                [each for each in records if isinstance(each, Message) and _is_in(entry, each)],
            )


def _is_in(entry: Entry, message: Message) -> bool:
    after = entry.start is None or message.sent_at >= entry.start
    return after and (entry.until is None or message.sent_at <= entry.until)


async def _nothing_known(noun: str, ids: Collection[str]) -> Mapping[str, str]:
    return {}
