"""Signatures of chats, which are secret, are in no undecodable record."""

import msgspec
import pytest

from wbym.calls import Reply, row
from wbym_wildberries.api.chats import Chats

ROW = {"chatID": 5, "eventID": "e", "addTimestamp": 1, "isNewChat": True, "replySign": "1:hush"}


@pytest.mark.parametrize(
    ("reply", "body"),
    [
        (row(Chats.list).endpoint.reply, {"result": [ROW]}),
        (
            row(Chats.events).endpoint.reply,
            {"result": {"next": 1, "totalEvents": 1, "events": [ROW]}},
        ),
    ],
    ids=["list", "events"],
)
def test_signature_when_its_record_is_undecodable(
    reply: Reply[object], body: dict[str, object]
) -> None:
    (undecodable,) = reply.decode(msgspec.json.encode(body)).undecodable
    assert b'"replySign":"***"' in undecodable.data
    assert b"hush" not in undecodable.data
