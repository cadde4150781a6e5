"""Published samples: responses decode, and errors keep their text."""

import json
from collections.abc import Iterator, Mapping
from contextlib import nullcontext, suppress
from pathlib import Path

import msgspec
import pytest

from tests.drift.files import Operation, Route, operations
from tests.drift.ours import MARKETPLACES
from tests.support.published import Json, at, example, missing, resolve, samples_of_seed
from wbym.calls import Json as JsonReply
from wbym.calls import Optional, Refused, Response, Row, Unreadable
from wbym_wildberries import Token
from wbym_wildberries._dialect import WildberriesDialect
from wbym_wildberries.simulator import make_token
from wbym_yandex_market.api import chats

ROWS = {route: row for marketplace in MARKETPLACES for route, row in marketplace.rows.items()}

NOT_OF_THE_REPLY = {
    # The schema, unlike its example, has no list.
    Route("wildberries", "GET", "/content/v2/tags"): "schema",
    # Made from the schema, its events are of 1970.
    Route("wildberries", "GET", "/api/v1/seller/events"): "schema",
}


@pytest.fixture(scope="session")
def files(published: Path) -> dict[Route, Operation]:
    return operations(published / "specs")


def _wire(row: Row) -> object:
    reply = row.endpoint.reply
    inner = reply.reply if isinstance(reply, Optional) else reply
    return inner.wire if isinstance(inner, JsonReply) else None


_NUMBERS = msgspec.json.Encoder(decimal_format="number")


def _lost(row: Row, sample: Json) -> list[str]:
    """The parts of a sample that the row's reply loses."""
    decoded = msgspec.json.decode(msgspec.json.encode(sample), type=_wire(row))
    return missing(sample, msgspec.json.decode(_NUMBERS.encode(decoded)))


def _read(row: Row, sample: Json) -> object:
    value, undecodable, _ = row.endpoint.reply.decode(msgspec.json.encode(sample))
    if undecodable:
        raise Unreadable(str(undecodable))
    return value


def _samples(operation: Operation, told: Mapping[str, Json]) -> Iterator[tuple[str, Json]]:
    yield "schema", example(operation.document, told.get("schema"))
    yield "example", told.get("example")
    for name, one in at({"": {}, **told}.get("examples", {})).items():
        yield name, at(resolve(operation.document, one)).get("value")


def _answers(operation: Operation, *, good: bool) -> Iterator[tuple[int, str, Json]]:
    for status, answer in operation.answers():
        if (status // 100 == 2) is not good or status == 202:
            continue
        for kind, told in at(answer.get("content", {})).items():
            if "json" in kind:
                for name, sample in _samples(operation, at(told)):
                    if isinstance(sample, Mapping | list):
                        yield status, name, sample


@pytest.mark.parametrize("route", ROWS, ids=str)
def test_published_samples_of_responses_decode(files: dict[Route, Operation], route: Route) -> None:
    row = ROWS[route]
    for status, name, sample in _answers(files[route], good=True):
        if _wire(row) is None or NOT_OF_THE_REPLY.get(route) == name:
            continue
        assert row.endpoint.reply.accepts(status)
        assert _lost(row, sample) == [], name
        if name == "schema":  # a made-up one says that it has errors too
            continue
        refuses = isinstance(sample, Mapping) and sample.get("error") is True
        with pytest.raises(Refused) if refuses else nullcontext():
            _read(row, sample)


def test_published_samples_of_errors_keep_their_text(files: dict[Route, Operation]) -> None:
    dialect = WildberriesDialect("shop", [Token(make_token())])
    seen = 0
    for route in ROWS:
        for status, name, sample in _answers(files[route], good=False):
            if route.marketplace != "wildberries" or name == "schema" or not sample:
                continue
            body = at(sample[0] if isinstance(sample, list) else sample)
            refusal = dialect.refusal(Response(status, {}, msgspec.json.encode(sample)))
            assert refusal is not None, (route, name)
            told = [body.get(key) for key in ("errorText", "detail", "message")]
            for text in [*filter(None, told), *_texts(body.get("additionalErrors"))]:
                assert str(text) in refusal.message, (route, name)
            assert refusal.code == body.get("code"), (route, name)
            assert refusal.request_id == body.get("requestId"), (route, name)
            seen += 1
    assert seen > 100


def _texts(value: Json) -> list[str]:
    if isinstance(value, Mapping):
        return [text for inner in value.values() for text in _texts(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(
    ("seed", "count"),
    [
        ("000_299bb6e27b6acd38.txt", 21),
        ("003_4f572996b86d87aa.txt", 3),
        ("004_acfc193ec491d962.txt", 28),
    ],
)
def test_responses_of_older_documents(published: Path, seed: str, count: int) -> None:
    """Number of methods with a sample that a row decodes; others have samples of requests only."""
    text = (published / "seeds" / seed).read_text("utf-8").replace("• ", "- ")
    found = []
    for title, path, samples in samples_of_seed(text):
        rows = [row for route, row in ROWS.items() if route.path == path and _wire(row)]
        if any(_keeps(row, sample) for row in rows for sample in samples):
            found.append(title)
    assert len(found) == count, found


def _keeps(row: Row, sample: Json) -> bool:
    try:
        with suppress(Refused):  # a made-up answer says that it has errors too
            _read(row, sample)
        return _lost(row, sample) == []
    except (Unreadable, msgspec.ValidationError):
        return False


def test_chat_of_an_older_document(published: Path) -> None:
    folder = published / "seeds"
    sample = _sample_after((folder / "002_f86065a318a415cf.txt").read_text("utf-8"), "200 OK")
    row = ROWS[Route("yandex_market", "GET", "/v2/businesses/{businessId}/chat")]
    assert _keeps(row, sample)
    sample = _sample_after((folder / "001_864cfbfb7cbe434f.txt").read_text("utf-8"), "application")
    assert msgspec.convert(at(sample)["context"], chats.ChatContext).type == "ORDER"


def _sample_after(text: str, title: str) -> Json:
    place = text.index("{", text.index(title))
    value: Json
    value, _ = json.JSONDecoder(strict=False).raw_decode(text, place)
    return value
