"""Decoding of answers.

Bodies are decoded straight into Structs; if that fails for a page, record by record. A page with
invalid records yields the valid ones. The invalid ones are kept with their bytes, the reason and
their position: never lost, never fatal for the rest, never silent. A body that no decoder accepts,
because of a cut character or too deep nesting, can be repaired first (:mod:`wbym.calls._repair`).
"""

import gc
import re
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Final, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from wbym.errors import StatusError

__all__ = [
    "Binary",
    "Decoded",
    "Json",
    "Nothing",
    "Optional",
    "Refusal",
    "Refused",
    "Reply",
    "Undecoded",
    "Unreadable",
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
    kind: type[StatusError] | None = None
    """The error's class, if the body says more than the status."""


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


class Decoded(NamedTuple, Generic[R_co]):
    """The content of a body."""

    value: R_co
    undecodable: tuple[Undecoded, ...] = ()
    ignored: frozenset[str] = frozenset()
    """Names of optional fields around the records that are invalid, and count as absent."""


class Unreadable(ValueError):
    """The body does not have the endpoint's shape; the message gives the reason."""


class Reply(Protocol[R_co]):
    """How to decode an endpoint's successful answers."""

    def accepts(self, status: int) -> bool:
        """Whether this status is a success."""
        ...

    def decode(self, body: bytes) -> Decoded[R_co]:
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

    def decode(self, body: bytes) -> Decoded[None]:
        """None, whatever the body."""
        return Decoded(None)


class Binary(Reply[bytes]):
    """A file: any bytes, with status 200 only, since 202 means that the file is not ready."""

    def accepts(self, status: int) -> bool:
        """200 alone."""
        return status == 200

    def decode(self, body: bytes) -> Decoded[bytes]:
        """The bytes, unchanged."""
        return Decoded(body)


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

    def decode(self, body: bytes) -> Decoded[R | None]:
        """Decode the value, or None.

        Raises:
            Unreadable: The body does not have the endpoint's shape.
            Refused: The envelope reports an error.
        """
        if body.strip() in _MISSING:
            return Decoded(None)
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
        secrets: Fields that are blanked in undecodable records and in the bodies of errors.
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
    def _lenient_decoder(self) -> msgspec.json.Decoder[W]:
        return msgspec.json.Decoder(self.wire, strict=False)

    @cached_property
    def _record_decoder(self) -> msgspec.json.Decoder[msgspec.Struct]:
        if self.record is None:
            raise TypeError(f"{self!r} has no records")
        return msgspec.json.Decoder(self.record)

    def accepts(self, status: int) -> bool:
        """All of 2xx."""
        return 200 <= status < 300

    def decode(self, body: bytes) -> Decoded[R]:
        """The value, without invalid records and without invalid optional fields around them.

        Raises:
            Unreadable: The body is not JSON, or lacks what the endpoint's shape requires.
        """
        if not body:
            raise Unreadable("the body is empty")
        try:
            decoded = Decoded(self.unwrap(_decoded(self._decoder, body)))
        except msgspec.ValidationError as error:
            try:
                decoded = self._salvage(body)
            except (*_UNDECODABLE, LookupError):
                raise Unreadable(f"the body has an unexpected shape: {error}") from error
        except _UNDECODABLE as error:
            raise Unreadable(_describe(body, error)) from error
        if self.records and self._lacks_records(body):
            raise Unreadable(f"the body has no {'.'.join(self.records)}")
        return decoded

    def _lacks_records(self, body: bytes) -> bool:
        """Whether the list of records is missing, which is not an empty list."""
        *levels, last = self.records
        if len(body) > _SHORT and b'"%s"' % last.encode() in body:
            return False
        rest = msgspec.Raw(body)
        try:
            for name in levels:
                rest = _LEVEL.decode(rest).get(name, _EMPTY)
            return last not in _LEVEL.decode(rest)
        except _UNDECODABLE:  # a name that is not text, or a list that was accepted instead
            return False

    def _salvage(self, body: bytes) -> Decoded[R]:
        """Decode without the invalid parts. Slow, and seldom needed.

        Raises:
            ValueError: An invalid part is required; or KeyError.
        """
        rest, undecodable = self._without_invalid_records(body)
        ignored: set[str] = set()
        while True:
            try:
                value = _decoded(self._lenient_decoder, rest)
            except msgspec.ValidationError as error:
                path = self._optional_field(error)
                if path is None:
                    raise
                rest = _without(rest, path)
                ignored.add(path[-1])
            else:
                return Decoded(self.unwrap(value), undecodable, frozenset(ignored))

    def _without_invalid_records(self, body: bytes) -> tuple[msgspec.Raw, tuple[Undecoded, ...]]:
        rest = msgspec.Raw(body)
        if self.record is None:
            return rest, ()
        levels: list[dict[str, msgspec.Raw]] = []
        for name in self.records:
            levels.append(_LEVEL.decode(rest))
            rest = levels[-1][name]
        good: list[msgspec.Raw] = []
        undecodable: list[Undecoded] = []
        for index, raw in enumerate(_RECORDS.decode(rest) or ()):
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
        return rest, tuple(undecodable)

    def _optional_field(self, error: msgspec.ValidationError) -> tuple[str, ...] | None:
        """The field around the records that an error names; None if it is needed."""
        found = _PATH.search(str(error))
        if found is None:
            return None
        path = tuple(found[1].split(".")[1:])
        # Without records, only an envelope's own fields can be spared.
        is_needed = path == self.records[: len(path)] if self.records else len(path) > 1
        return None if is_needed else path

    def blanked(self, raw: bytes | msgspec.Raw) -> bytes:
        """JSON with its secrets blanked, also if it is damaged; unchanged if it has none."""
        try:
            fields = _LEVEL.decode(raw)
        except _UNDECODABLE:
            fields = {}  # not an object, or its keys are not valid text
        found = self.secrets & fields.keys()
        data = msgspec.json.encode(fields | dict.fromkeys(found, _BLANK)) if found else bytes(raw)
        return self._secret_text.sub(rb'\1"***"', data) if self.secrets else data

    @cached_property
    def _secret_text(self) -> re.Pattern[bytes]:
        """A secret's name and its text at any depth, to the end of the body if it is cut."""
        names = "|".join(map(re.escape, sorted(self.secrets)))
        return re.compile(
            rb'("(?:%s)"\s*:\s*)"(?:[^"\\]|\\.)*+(?:"|\\?$)' % names.encode(), re.DOTALL
        )


def _decoded(decoder: msgspec.json.Decoder[W], body: bytes | msgspec.Raw) -> W:
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
_RECORDS = msgspec.json.Decoder(list[msgspec.Raw] | None)
_EMPTY = msgspec.Raw(b"{}")
_PATH: Final = re.compile(r"at `\$((?:\.\w+)+)`")
_SHORT: Final = 4096
"""Bytes of a body that is decoded once more to see whether its list is missing."""
_BLANK = msgspec.Raw(b'"***"')


def _without(body: msgspec.Raw, path: Sequence[str]) -> msgspec.Raw:
    """JSON without the field at a path.

    Raises:
        KeyError: The field does not exist.
    """
    level = _LEVEL.decode(body)
    head, *rest = path
    if rest:
        level[head] = _without(level[head], rest)
    else:
        del level[head]
    return msgspec.Raw(msgspec.json.encode(level))


def _describe(body: bytes, error: Exception) -> str:
    head = body[:64].lstrip().lower()
    if head.startswith((b"<!doctype", b"<html")):
        return "the body is HTML, not JSON"
    return f"the body is invalid JSON: {error}"
