"""What can be saved of JSON that no decoder takes."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wbym.calls._repair import repaired

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("fault", "value"),
    [
        (b'"\x01"', "\ufffd"),
        (b'"a\nb"', "a\ufffdb"),
        (b'"\\x41"', "\ufffd"),
        (b'"\\u12"', "\ufffd"),
        (b'"\\u12zz"', "\ufffdzz"),
        (b'"\\q"', "\ufffdq"),
        (b'"\\ud83d"', "\ufffd"),
        (b'"\\ud83d\\u0041"', "\ufffdA"),
        (b'"\\ude00\\ud83d\\ude00"', "\ufffd😀"),
        (b'"\xd0"', "\ufffd"),
        ("Привет".encode("cp1251").join([b'"', b'"']), "\ufffd" * 6),
        (b"NaN", None),
        (b"-Infinity", None),
        (b"007", None),
        (b"+1", None),
        (b".5", None),
        (b"None", None),
        (b"0x1F", None),
        (b"[" * 1_000 + b"]" * 1_000, None),
    ],
)
def test_record_when_its_neighbours_are_good(fault: bytes, value: object) -> None:
    body = (
        b'{"data": [{"id": 1, "text": "\\u0416 \\"a\\" \\\\"}, {"id": 2, "text": %s}, {"id": 3}]}'
    )
    found = msgspec.json.decode(repaired(body % fault))["data"]
    assert found[0] == {"id": 1, "text": 'Ж "a" \\'}
    assert found[2] == {"id": 3}
    if isinstance(found[1]["text"], list):  # as deep as can be decoded
        assert value is None
    else:
        assert found[1] == {"id": 2, "text": value}


def test_byte_order_mark() -> None:
    assert repaired(b'\xef\xbb\xbf{"id": 1}') == b'{"id": 1}'


@given(VALUES, st.booleans())
def test_json_is_left_alone(value: object, ascii_only: bool) -> None:
    body = json.dumps(value, ensure_ascii=ascii_only).encode("utf-8", "replace")
    if msgspec.json.decode(body) == value:
        assert repaired(body) == body


@given(st.binary(max_size=200))
def test_anything_is_taken(body: bytes) -> None:
    once = repaired(body)
    assert repaired(once) == once


@given(VALUES, st.data())
def test_string_with_a_fault_keeps_its_neighbours(value: object, data: st.DataObject) -> None:
    fault = data.draw(st.sampled_from([b"\x00", b"\\x", b"\\ud83d", b"\xff", b"\\u00"]))
    neighbour = json.dumps(value).encode()
    body = b'[%s, {"a": "x%sy"}, %s]' % (neighbour, fault, neighbour)
    first, middle, last = msgspec.json.decode(repaired(body))
    assert (first, last) == (json.loads(neighbour), json.loads(neighbour))
    assert middle["a"].startswith("x\ufffd")
