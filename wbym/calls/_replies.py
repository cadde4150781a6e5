"""How an answer's bytes become a value.

They are decoded straight into Structs, and record by record where that fails for a page. A page
with a bad record yields the good ones. The bad ones are set aside with their bytes, the reason and
the place: never lost, never fatal for the rest, never silent. A body that no decoder takes, for a
cut character or a bottomless value, can be :func:`repaired`.
"""

import gc
import re
from collections.abc import Callable
from functools import cached_property
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

__all__ = [
    "Binary",
    "Json",
    "Nothing",
    "Optional",
    "Refusal",
    "Refused",
    "Reply",
    "Undecoded",
    "Unreadable",
    "repaired",
]

R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)
W = TypeVar("W")


class Refusal(msgspec.Struct, frozen=True):
    """What a marketplace says when it refuses, in its own words."""

    message: str
    code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    """Seconds."""


class Refused(Exception):
    """Raised by ``unwrap``: the status said yes, but the envelope says no."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Undecoded(NamedTuple):
    """A record of an answer that could not be decoded."""

    where: str
    """Its place in the answer, such as ``data.feedbacks[17]``."""
    reason: str
    data: bytes
    """Its bytes, without secrets."""


class Unreadable(ValueError):
    """The body is not what the endpoint promises; the message says how."""


class Reply(Protocol[R_co]):
    """What an endpoint promises to answer."""

    def accepts(self, status: int) -> bool:
        """Whether this status comes with the promised body."""
        ...

    def decode(self, body: bytes) -> tuple[R_co, tuple[Undecoded, ...]]:
        """The value in the body.

        Raises:
            Unreadable: The body is not what is promised.
            Refused: The body says that the marketplace refused.
        """
        ...


class Nothing(Reply[None]):
    """An answer without a body that matters, such as 204."""

    def accepts(self, status: int) -> bool:
        """All of 2xx."""
        return 200 <= status < 300

    def decode(self, body: bytes) -> tuple[None, tuple[Undecoded, ...]]:
        """Nothing, whatever the body."""
        return None, ()


class Binary(Reply[bytes]):
    """A file: any bytes, with status 200 only, since 202 says that it is not ready."""

    def accepts(self, status: int) -> bool:
        """200 alone."""
        return status == 200

    def decode(self, body: bytes) -> tuple[bytes, tuple[Undecoded, ...]]:
        """The bytes as they are."""
        return body, ()


class Optional(Generic[R]):
    """A reply that may be missing: an empty body, ``{}`` and ``null`` are None.

    Args:
        reply: What any other body is.
    """

    def __init__(self, reply: Reply[R]) -> None:
        self.reply: Final = reply

    def accepts(self, status: int) -> bool:
        """What the reply accepts."""
        return self.reply.accepts(status)

    def decode(self, body: bytes) -> tuple[R | None, tuple[Undecoded, ...]]:
        """The value, or None.

        Raises:
            Unreadable: The body is not what is promised.
            Refused: The body says that the marketplace refused.
        """
        if body.strip() in _MISSING:
            return None, ()
        return self.reply.decode(body)


_MISSING: Final = {b"", b"{}", b"null"}


class Json(Generic[W, R]):
    """A JSON body of one wire type, and what of it is the reply.

    Args:
        wire: The type of the whole body, an envelope mostly.
        unwrap: From the envelope to the reply.
        records: The path to the list of records, such as ``("data", "feedbacks")``; empty where
            the body is no page.
        record: The type of one record.
        secrets: The fields of a record that are blanked when it is set aside: its bytes are shown
            and stored.
    """

    def __init__(
        self,
        wire: type[W],
        unwrap: Callable[[W], R],
        *,
        records: tuple[str, ...] = (),
        record: type[msgspec.Struct] | None = None,
        secrets: frozenset[str] = frozenset(),
    ) -> None:
        self.wire: Final = wire
        self.unwrap: Final = unwrap
        self.records: Final = records
        self.record: Final = record
        self.secrets: Final = secrets

    def __repr__(self) -> str:
        return f"Json({self.wire!r})"

    # Made on first use: making a decoder takes longer than importing its module.
    @cached_property
    def _decoder(self) -> msgspec.json.Decoder[W]:
        return msgspec.json.Decoder(self.wire)

    @cached_property
    def _record_decoder(self) -> msgspec.json.Decoder[msgspec.Struct]:
        if self.record is None:
            raise TypeError(f"{self!r} has no records")
        return msgspec.json.Decoder(self.record)

    def accepts(self, status: int) -> bool:
        """All of 2xx."""
        return 200 <= status < 300

    def decode(self, body: bytes) -> tuple[R, tuple[Undecoded, ...]]:
        """The value, and the records that were set aside.

        Raises:
            Unreadable: The body is no JSON, or not of the promised shape even without bad records.
        """
        if not body:
            raise Unreadable("the body is empty")
        try:
            return self.unwrap(_decoded(self._decoder, body)), ()
        except msgspec.ValidationError as error:
            if self.record is None:
                raise Unreadable(f"the body has an unexpected shape: {error}") from error
            try:
                return self._salvage(body)
            except _UNDECODABLE:
                raise Unreadable(f"the body has an unexpected shape: {error}") from error
        except _UNDECODABLE as error:
            raise Unreadable(_what_is(body, error)) from error

    def _salvage(self, body: bytes) -> tuple[R, tuple[Undecoded, ...]]:
        """Decode without the bad records. Slow, and seldom needed."""
        levels: list[dict[str, msgspec.Raw]] = []
        rest = msgspec.Raw(body)
        for name in self.records:
            levels.append(_LEVEL.decode(rest))
            rest = levels[-1].get(name, _NO_RECORDS)
        good: list[msgspec.Raw] = []
        undecodable: list[Undecoded] = []
        for index, raw in enumerate(_RECORDS.decode(rest)):
            try:
                self._record_decoder.decode(raw)
            except msgspec.ValidationError as error:
                where = f"{'.'.join(self.records)}[{index}]"
                undecodable.append(Undecoded(where, str(error), self.blanked(raw)))
            else:
                good.append(raw)
        rest = msgspec.Raw(msgspec.json.encode(good))
        for name, level in zip(reversed(self.records), reversed(levels), strict=True):
            rest = msgspec.Raw(msgspec.json.encode(level | {name: rest}))
        return self.unwrap(self._decoder.decode(rest)), tuple(undecodable)

    def blanked(self, raw: msgspec.Raw) -> bytes:
        """A record's bytes without its secrets; as they came where it has none."""
        try:
            fields = _LEVEL.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return bytes(raw)  # it is no object, or its names are no text
        found = self.secrets & fields.keys()
        if not found:
            return bytes(raw)
        return msgspec.json.encode(fields | dict.fromkeys(found, _BLANK))


def repaired(body: bytes) -> bytes:
    """JSON with what no decoder takes replaced; the body as it is where there is nothing such.

    Halves of surrogate pairs and bytes that are not UTF-8 become U+FFFD, and a list or object
    inside of 99 others becomes null. For bodies that could not be decoded: it takes its time.
    """
    text = body.decode("utf-8", "replace").encode()
    whole = _HALF.sub(_whole_character, text)
    pieces: list[bytes] = []
    depth = begin = 0
    for found in _STRUCTURE.finditer(whole):
        if found[0] in _OPENING:
            depth += 1
            if depth == _MAX_DEPTH:
                pieces += [whole[begin : found.start()], b"null"]
                begin = len(whole)  # unless it is closed
        elif found[0] in _CLOSING:
            if depth == _MAX_DEPTH:
                begin = found.end()
            depth -= 1
    return b"".join([*pieces, whole[begin:]])


def _whole_character(found: re.Match[bytes]) -> bytes:
    return found[0] if found.end() == found.end(1) else found[1] + rb"\ufffd"


_HALF: Final = re.compile(
    rb"((?:[^\\]++|\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\(?!u[dD][89a-fA-F]).?)*+)"
    rb"(?:\\u[dD][89a-fA-F].{0,2}|\Z)",
    re.DOTALL,
)
"""What is whole, and the half of a surrogate pair after it or the end."""
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_OPENING: Final = {b"[", b"{"}
_CLOSING: Final = {b"]", b"}"}
_MAX_DEPTH: Final = 100


def _decoded(decoder: msgspec.json.Decoder[W], body: bytes) -> W:
    """Decode while the garbage collector is off: what JSON holds has no cycles to look for.

    The lists of a page would set it off again and again; a tenth of reading large pages was that.
    """
    if not gc.isenabled():
        return decoder.decode(body)
    gc.disable()
    try:
        return decoder.decode(body)
    finally:
        gc.enable()


_UNDECODABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_LEVEL = msgspec.json.Decoder(dict[str, msgspec.Raw])
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw])
_NO_RECORDS = msgspec.Raw(b"[]")
_BLANK = msgspec.Raw(b'"***"')


def _what_is(body: bytes, error: Exception) -> str:
    head = body[:64].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "the body is HTML, not JSON"
    return f"the body is broken JSON: {error}"
