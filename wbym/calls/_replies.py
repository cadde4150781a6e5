"""Decoding of answers.

Bodies are decoded straight into Structs; if that fails for a page, record by record. A page with
invalid records yields the valid ones. The invalid ones are kept with their bytes, the reason and
their position: never lost, never fatal for the rest, never silent. A body that no decoder accepts,
because of a cut character or too deep nesting, can be :func:`repaired`.
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
    """An error as a marketplace states it."""

    message: str
    code: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    """Seconds."""


class Refused(Exception):
    """Raised by ``unwrap``: the envelope reports an error although the status is a success."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


class Undecoded(NamedTuple):
    """A record that could not be decoded."""

    where: str
    """Its position in the answer, such as ``data.feedbacks[17]``."""
    reason: str
    data: bytes
    """Its bytes, without secrets."""


class Unreadable(ValueError):
    """The body does not have the endpoint's shape; the message gives the reason."""


class Reply(Protocol[R_co]):
    """How to decode an endpoint's successful answers."""

    def accepts(self, status: int) -> bool:
        """Whether this status is a success."""
        ...

    def decode(self, body: bytes) -> tuple[R_co, tuple[Undecoded, ...]]:
        """Decode the body into a value and the records that could not be decoded.

        Raises:
            Unreadable: The body does not have the endpoint's shape.
            Refused: The envelope reports an error.
        """
        ...


class Nothing(Reply[None]):
    """An answer whose body is ignored, such as 204."""

    def accepts(self, status: int) -> bool:
        """All of 2xx."""
        return 200 <= status < 300

    def decode(self, body: bytes) -> tuple[None, tuple[Undecoded, ...]]:
        """None, whatever the body."""
        return None, ()


class Binary(Reply[bytes]):
    """A file: any bytes, with status 200 only, since 202 means that the file is not ready."""

    def accepts(self, status: int) -> bool:
        """200 alone."""
        return status == 200

    def decode(self, body: bytes) -> tuple[bytes, tuple[Undecoded, ...]]:
        """The bytes, unchanged."""
        return body, ()


class Optional(Generic[R]):
    """A reply that may be missing: an empty body, ``{}`` and ``null`` are None.

    Args:
        reply: Decodes any other body.
    """

    def __init__(self, reply: Reply[R]) -> None:
        self.reply: Final = reply

    def accepts(self, status: int) -> bool:
        """The statuses that the inner reply accepts."""
        return self.reply.accepts(status)

    def decode(self, body: bytes) -> tuple[R | None, tuple[Undecoded, ...]]:
        """Decode the value, or None.

        Raises:
            Unreadable: The body does not have the endpoint's shape.
            Refused: The envelope reports an error.
        """
        if body.strip() in _MISSING:
            return None, ()
        return self.reply.decode(body)


_MISSING: Final = {b"", b"{}", b"null"}


class Json(Generic[W, R]):
    """A JSON body of one wire type.

    Args:
        wire: The type of the whole body, usually an envelope.
        unwrap: Extracts the value from the envelope.
        records: The path to the list of records, such as ``("data", "feedbacks")``; empty if the
            body is not a page, or is itself the list.
        record: The type of one record.
        secrets: Fields that are blanked in an undecodable record, whose bytes are shown and stored.
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

    # Created on first use: creating a decoder takes longer than importing its module.
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
        """Decode the value, and the records that could not be decoded.

        Raises:
            Unreadable: The body is not JSON, or has an unexpected shape even without the invalid
                records.
            Refused: The envelope reports an error.
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
            raise Unreadable(_describe(body, error)) from error

    def _salvage(self, body: bytes) -> tuple[R, tuple[Undecoded, ...]]:
        """Decode without the invalid records. Slow, and seldom needed."""
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
        """A record's bytes with its secrets blanked; unchanged if it has none."""
        try:
            fields = _LEVEL.decode(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return bytes(raw)  # not an object, or its keys are not valid text
        found = self.secrets & fields.keys()
        if not found:
            return bytes(raw)
        return msgspec.json.encode(fields | dict.fromkeys(found, _BLANK))


def repaired(body: bytes) -> bytes:
    """Replace what no decoder accepts in a JSON body; a valid body is returned unchanged.

    Lone surrogates and bytes that are not UTF-8 become U+FFFD, and a list or object nested inside
    99 others becomes null. Slow: only for bodies that could not be decoded.
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
                begin = len(whole)  # until the bracket is closed
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
"""Valid text, followed by a lone surrogate or the end."""
_STRUCTURE: Final = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)
_OPENING: Final = {b"[", b"{"}
_CLOSING: Final = {b"]", b"}"}
_MAX_DEPTH: Final = 100


def _decoded(decoder: msgspec.json.Decoder[W], body: bytes) -> W:
    """Decode with the garbage collector off: decoded JSON has no cycles.

    The lists of a page would trigger it again and again: a tenth of the time of large pages.
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


def _describe(body: bytes, error: Exception) -> str:
    head = body[:64].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "the body is HTML, not JSON"
    return f"the body is invalid JSON: {error}"
