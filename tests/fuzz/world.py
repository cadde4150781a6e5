"""A marketplace in memory: records made from its schemas, paged as its rows say."""

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from datetime import datetime
from random import Random
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from tests.fuzz.places import camel, identity_of, put, record_type, records_path, take
from tests.fuzz.schemas import Schemas, json_reply
from tests.fuzz.values import Maker, Tree
from wbym.calls import Request, Row, Unreadable
from wbym.paging import ByCursor, ByOffset, ByToken

__all__ = ["HERE", "Answer", "Asked", "Record", "Routes", "World"]

HERE: Final = "@records@"
"""Where in a body its records go."""

_PAGE: Final = 3
"""Records on a page where the request does not say."""


class Record(msgspec.Struct):
    """A record of the marketplace."""

    id: object
    tree: Tree
    raw: bytes | None = None
    """Its bytes, where they are damaged."""
    at: datetime | None = None
    """When it was made, whatever it says."""
    flag: bool = False
    """Answered, or over."""
    sent: bool = False
    """Whether a page had it."""

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.raw is None


class Asked(msgspec.Struct, frozen=True):
    """A request, taken apart."""

    row: Row
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Tree
    parts: Mapping[str, object]

    def value(self, name: str) -> Any:  # noqa: ANN401 - whatever was sent
        """A parameter, wherever it is."""
        found = self.path.get(name, self.query.get(name))
        if found is None and isinstance(self.body, dict):
            return self.body.get(name)
        return found


class Answer(msgspec.Struct):
    """A body before it is written."""

    tree: Tree
    """Without the records."""
    path: tuple[str, ...] = ()
    records: list[Record] | None = None
    """Where the answer is a page."""


class Routes:
    """Which operation a request is of."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._known = [(row.method, _pattern(row.path), row) for row in rows]
        # What has no places in it goes first.
        self._known.sort(key=lambda known: known[2].path.count("{"))

    def asked(self, request: Request) -> Asked:
        """The request, taken apart."""
        parts = urlsplit(request.url)
        query = {k: v[-1] for k, v in parse_qs(parts.query, keep_blank_values=True).items()}
        body = None if request.body is None else msgspec.json.decode(request.body)
        form = {part.name: part.value for part in request.parts}
        for method, pattern, row in self._known:
            if method == request.method and (found := pattern.fullmatch(parts.path)):
                path = {name: unquote(value) for name, value in found.groupdict().items()}
                return Asked(row, path, query, body, form)
        raise LookupError(f"no operation is at {request.method} {parts.path}")


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)))


class World:
    """Answers as the marketplace does, with what is made from its schemas.

    Args:
        rows: Its operations.
        schemas: What they answer.
        random: Chooses.
        absent: How often optional fields are absent.
    """

    def __init__(
        self, rows: Sequence[Row], schemas: Schemas, random: Random, absent: float
    ) -> None:
        self.rows: Final = {row.name: row for row in rows}
        self.random: Final = random
        self.endless: str | None = None
        """How the pages of the target go wrong."""
        self.target: Row | None = None
        self.taken: list[str] = []
        """Writes that took effect, by their operations."""
        self.unlike: list[str] = []
        """Answers that follow the schema, and that the row does not read."""
        self._schemas = schemas
        self._maker = Maker(random, absent)
        self._whole = Maker(random, 0.0)
        self._records: dict[str, list[Record]] = {}
        self._bodies: dict[str, Tree] = {}
        self._turns = 0

    # Records.

    def records(self, name: str) -> list[Record]:
        """All records that an operation lists; they are made when they are first asked for."""
        found = self._records.get(name)
        if found is None:
            found = self._records[name] = []
            for number in range(1, 1 + self.random.choice([1, 2, 3, 5, 7])):
                found.append(self.make(name, number))
            self.arrange(name, found)
        return found

    def make(self, name: str, number: int) -> Record:
        """A record with an identity of its own, which the row reads."""
        row = self.rows[name]
        kind = record_type(row)
        assert kind is not None
        identity = identity_of(kind)
        tree: Tree = {}
        for maker in (self._maker, self._maker, self._whole):
            tree = self._record_of(row, maker)
            value = None if identity is None else identity.value(number)
            if identity is not None:
                # First, so that it is among the bytes that are kept.
                tree = put(
                    {identity.path[0]: None, **(tree if isinstance(tree, dict) else {})},
                    identity.path,
                    value,
                )
            if _reads(kind, tree):
                return Record(value, tree)
        self.unlike.append(f"{name}: a record of its schema is not read: {tree!r}"[:1500])
        return Record(None, tree, raw=msgspec.json.encode(tree))

    def _record_of(self, row: Row, maker: Maker) -> Tree:
        """One record, made from the whole answer's schema."""
        schema = self._schemas.answer(row)
        assert schema is not None
        path = records_path(row)
        for _ in range(20):
            found = take(maker.make(schema), path)
            if isinstance(found, list) and found and isinstance(found[0], dict):
                return found[0]
        return {}

    def arrange(self, name: str, records: list[Record]) -> None:
        """Make records go together, where an operation is more than a list."""

    # Answers.

    def status(self, row: Row) -> int:
        """The status of a success."""
        return self._schemas.status(row)

    def answer(self, asked: Asked) -> Answer | None:
        """The body of a success; None where there is none."""
        row = asked.row
        special = self.special(asked)
        if special is not None:
            return special
        if json_reply(row) is None:
            return None
        if record_type(row) is None:
            return Answer(self._read_by(row))
        return self.page(asked, self.records(row.name))

    def special(self, asked: Asked) -> Answer | None:
        """An answer that is more than what its schema says; None where it is not."""
        return None

    def took(self, asked: Asked) -> None:
        """Do what a write says."""
        self.taken.append(asked.row.name)

    def envelope(self, tree: Tree) -> Tree:
        """The tree as one that refuses nothing."""
        return tree

    def body(self, name: str) -> Tree:
        """A body made from the schema, which refuses nothing."""
        key = f"{name}, whole"
        if key not in self._bodies:
            schema = self._schemas.answer(self.rows[name])
            assert schema is not None
            around = records_path(self.rows[name])[:-1]
            for _ in range(20):  # of several shapes, the one that has the records
                made = self._bodies[key] = self.envelope(self._whole.make(schema))
                if not around or isinstance(take(made, around), dict):
                    break
        return deepcopy(self._bodies[key])

    def _read_by(self, row: Row) -> Tree:
        """A body that follows the schema and that the row reads; the same each time."""
        if row.name not in self._bodies:
            self._bodies[row.name] = self._made_for(row)
        return deepcopy(self._bodies[row.name])

    def _made_for(self, row: Row) -> Tree:
        schema = self._schemas.answer(row)
        assert schema is not None
        tree: Tree = None
        for maker in (self._maker, self._maker, self._whole):
            tree = self.envelope(maker.make(schema))
            try:
                row.endpoint.reply.decode(msgspec.json.encode(tree))
            except Unreadable:
                continue
            return tree
        self.unlike.append(f"{row.name}: an answer of its schema is not read: {tree!r}"[:1500])
        return tree

    def page(self, asked: Asked, records: list[Record]) -> Answer:
        """A page of records, by the row's scheme."""
        row = asked.row
        path = records_path(row)
        tree = put(self.body(row.name), path, [HERE])
        inside = take(tree, path[:-1]) if path else None
        beside: dict[str, Tree] = inside if isinstance(inside, dict) else {}
        chosen = self._page(asked, records, beside)
        for record in chosen:
            record.sent = True
        return Answer(tree, path, chosen)

    def _page(self, asked: Asked, records: list[Record], beside: dict[str, Tree]) -> list[Record]:
        """The records of a page; what leads on is put beside them."""
        row = asked.row
        endless = self.endless if row is self.target else None
        self._totals(row, len(records), beside, endless)
        match row.options.pages:
            case ByOffset(size=size, offset=offset):
                begin, count = int(asked.value(offset) or 0), int(asked.value(size) or _PAGE)
                if endless is not None and "total" not in endless:
                    return [] if "empty" in endless else records[:count]
                return records[begin : begin + count]
            case ByToken() as scheme:
                return self._by_token(asked, scheme, records, beside, endless)
            case ByCursor() as scheme:
                return self._by_cursor(asked, scheme, records, beside, endless)
            case _:
                return records

    def _totals(self, row: Row, count: int, beside: dict[str, Tree], endless: str | None) -> None:
        total = {"a total too high": count + 1000, "a total too low": 1, "a negative total": -5}
        stated = total.get(endless or "", count)
        for name in ("total", "totalCount", "countUnanswered", "countArchive"):
            if name in beside:
                beside[name] = stated
        if isinstance(row.options.total, str):
            beside[camel(row.options.total)] = stated

    def _by_token(
        self,
        asked: Asked,
        scheme: ByToken,
        records: list[Record],
        beside: dict[str, Tree],
        endless: str | None,
    ) -> list[Record]:
        token = asked.value(scheme.token)
        size = int(asked.value(scheme.size) or _PAGE) if scheme.size else _PAGE
        begin = _index(token)
        chosen = records[begin : begin + size]
        following = begin + size if begin + size < len(records) else 0
        if endless is not None and "total" not in endless:
            self._turns += 1
            chosen = [] if "empty" in endless and self._turns > 1 else records[:size]
            following = self._led_on(endless)
        tokens: Tree = following if scheme.is_number else str(following or "")
        names = [camel(name) for name in scheme.following.split(".")]
        put(beside, names, tokens)
        if scheme.end is not None:
            beside[camel(scheme.end)] = len(chosen)
        return chosen

    def _led_on(self, endless: str) -> int:
        if "A, B" in endless:
            return 1001 + self._turns % 2
        return 1001 if "same page and token" in endless else 1000 * (self._turns + 1)

    def _by_cursor(
        self,
        asked: Asked,
        scheme: ByCursor,
        records: list[Record],
        beside: dict[str, Tree],
        endless: str | None,
    ) -> list[Record]:
        place = take(asked.body, scheme.at) or {}
        size = int(place.get(scheme.size) or _PAGE)
        sent = place.get(scheme.fields[1])
        begin = _index(sent)
        chosen = records[begin : begin + size]
        following = begin + len(chosen)
        if endless is not None and "total" not in endless:
            self._turns += 1
            chosen = [] if "empty" in endless and self._turns > 1 else records[:size]
            following = self._led_on(endless)
        is_number = scheme.fields[1] == "nmID"
        beside["cursor"] = {
            scheme.fields[0]: f"2026-05-01T12:{following % 60:02}:00Z",
            scheme.fields[1]: following if is_number else str(following),
            "total": size if endless else len(chosen),
            "next": bool(endless) or following < len(records),
        }
        return chosen


def _index(token: object) -> int:
    """Which record a page begins with; one behind all where the token is none of ours."""
    text = str(token or 0)
    return int(text) % 1000 if text.isascii() and text.isdigit() else 999


def _reads(kind: type[msgspec.Struct], tree: Tree) -> bool:
    try:
        msgspec.json.decode(msgspec.json.encode(tree), type=kind)
    except msgspec.ValidationError:
        return False
    return True
