"""JSON with a lone surrogate or too deep nesting: no other record is lost."""

import msgspec
import pytest

from tests.support.fakes import ScriptedTransport, pipeline
from tests.wbym.calls.shelf import Box, Boxes, Lists
from wbym.calls import Response
from wbym.calls._repair import repaired
from wbym.domain import UndecodableRecord
from wbym.errors import UnreadableReply

pytestmark = pytest.mark.looptime

DEEP = b"[" * 100_000 + b"]" * 100_000


def lists(
    *records: bytes, key: bytes = b""
) -> tuple[Lists, ScriptedTransport, list[UndecodableRecord]]:
    page = b'{"data":{"boxes":[' + b",".join(records) + b'],"total":%d%s}}' % (len(records), key)
    calls, transport, undecodable = pipeline(*[Response(200, {}, page)] * 4)
    return Lists(calls), transport, undecodable


def box(text: bytes, id_: bytes = b"1", more: bytes = b"") -> bytes:
    return b'{"id":%s,"text":"%s"%s}' % (id_, text, more)


GOOD = box(b"\\ud83d\\ude00 \\\\ud83d \\\\\\n", b"2")
GOOD_BOX = Box(2, "\U0001f600 \\ud83d \\\n")


class TestTexts:
    @pytest.mark.parametrize(
        ("text", "read"),
        [
            (b"cut \\ud83d", "cut \ufffd"),
            (b"cut \\ud83d\\u0041", "cut \ufffdA"),
            (b"cut \\uD83Dxy", "cut \ufffdxy"),
            (b"\\ude00 cut", "\ufffd cut"),
            (b"\\ud83d\\ud83d\\ude00", "\ufffd\U0001f600"),
            (b"\\\\\\ud83d", "\\\ufffd"),
            (b"bad \xff", "bad \ufffd"),
            (b"bad \xed\xa0\xbd", "bad \ufffd\ufffd\ufffd"),
        ],
    )
    async def test_list_when_a_text_has_a_lone_surrogate(self, text: bytes, read: str) -> None:
        group, transport, undecodable = lists(box(text), GOOD)
        assert await group.offset().all() == [Box(1, read), GOOD_BOX]
        assert len(transport.requests) == 1
        assert not undecodable

    async def test_list_when_another_record_is_undecodable(self) -> None:
        group, _, undecodable = lists(box(b"bad \xff"), box(b"", b'"x"'), GOOD)
        assert await group.offset().all() == [Box(1, "bad \ufffd"), GOOD_BOX]
        assert [one.where for one in undecodable] == ["data.boxes[1]"]

    async def test_list_when_a_repaired_record_cannot_be_mapped(self) -> None:
        def bad(box: Box) -> int:
            return box.id // (box.id - 1)

        group, _, undecodable = lists(box(b"cut \\ud83d"), GOOD)
        assert await group.offset().map(bad).all() == [2]
        assert [(one.where, one.data) for one in undecodable] == [
            ("data.boxes[0]", box(b"cut \\ufffd"))
        ]

    async def test_list_when_a_key_is_damaged(self) -> None:
        group, _, undecodable = lists(box(b"", b'"x"'), GOOD, key=b',"\xff":1')
        assert await group.offset().all() == [GOOD_BOX]
        assert [one.data for one in undecodable] == [box(b"", b'"x"')]

    async def test_list_when_a_key_is_damaged_and_a_record_cannot_be_mapped(self) -> None:
        group, _, undecodable = lists(box(b"x"), GOOD, key=b',"\xff":1')
        assert await group.offset().map(lambda one: one.id // (one.id - 1)).all() == [2]
        assert [(one.where, one.data) for one in undecodable] == [("data.boxes[0]", box(b"x"))]

    async def test_value_when_there_are_no_records(self) -> None:
        calls, transport, _ = pipeline(Response(200, {}, b'{"data":"cut \\ud83d"}'))
        assert await Boxes(calls).name(1) == "cut \ufffd"
        assert len(transport.requests) == 1


class TestDepth:
    @pytest.mark.parametrize("bad", [b"1", b'"x"'])
    async def test_list_when_a_record_is_nested_too_deeply(self, bad: bytes) -> None:
        group, transport, undecodable = lists(box(b'a [ \\" [', bad, b',"more":' + DEEP), GOOD)
        found = await group.offset().all()
        if bad == b"1":
            assert found == [Box(1, 'a [ " ['), GOOD_BOX]
            assert not undecodable
        else:
            assert found == [GOOD_BOX]
            assert [one.where for one in undecodable] == ["data.boxes[0]"]
            assert b"[null]" in undecodable[0].data
        assert len(transport.requests) == 1

    async def test_list_when_the_page_is_nested_too_deeply(self) -> None:
        group, _, _ = lists(GOOD, key=b',"more":' + DEEP)
        assert await group.offset().all() == [GOOD_BOX]

    @pytest.mark.parametrize("body", [DEEP, b'{"data":' * 50_000, b'"' + b'\\"' * 100_000])
    async def test_value_when_nested_too_deeply(self, body: bytes) -> None:
        calls, _, _ = pipeline(*[Response(200, {}, body)] * 4)
        with pytest.raises(UnreadableReply) as caught:
            await Boxes(calls).find(1)
        assert body.startswith(caught.value.body)


@pytest.mark.parametrize("body", [b"", b'{"a":["\\ud83d\\ude00","\\n"]}', b"]]]"])
def test_body_without_damage(body: bytes) -> None:
    assert repaired(body) == body


def test_body_when_repaired() -> None:
    body = b'{"deep":' + DEEP + b',"text":"\\ud83d \xff"}'
    assert msgspec.json.decode(repaired(body))["text"] == "\ufffd \ufffd"
