import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

import pytest
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    Gauge,
    HistogramDataPoint,
    InMemoryMetricReader,
    Metric,
    NumberDataPoint,
    Sum,
)
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tests.support.fakes import ToyDialect, json_response, pipeline
from tests.support.items import ITEM, READ, SEND, SLOW
from tests.toy import Toy, ToySimulator
from tests.toy.simulator import KEY
from wbym import otel
from wbym.calls import Request, Response, RetryPolicy
from wbym.errors import DeliveryUnknown, NotFound
from wbym.limits import Quota
from wbym.observe import Observer, current, set_observer

DOCS = Path(__file__).parents[2] / "docs" / "observability.md"

Attributes: TypeAlias = Mapping[str, object]


WHO = {"wbym.marketplace": "toy", "wbym.account": "shop"}
READING = {**WHO, "wbym.endpoint": "items.read", "http.request.method": "GET"}
SENDING = {**WHO, "wbym.endpoint": "items.send", "http.request.method": "POST"}


class Exported:
    """Spans and metrics, exported to memory."""

    def __init__(self) -> None:
        self._spans = InMemorySpanExporter()
        self._reader = InMemoryMetricReader()
        self.tracers = TracerProvider(shutdown_on_exit=False)
        self.tracers.add_span_processor(SimpleSpanProcessor(self._spans))
        self.meters = MeterProvider([self._reader], shutdown_on_exit=False)
        self._metrics: dict[str, Metric] = {}

    @property
    def spans(self) -> tuple[ReadableSpan, ...]:
        return self._spans.get_finished_spans()

    def metrics(self) -> dict[str, Metric]:
        """The last value of each; an SDK exports an unchanged gauge only once."""
        data = self._reader.get_metrics_data()
        scopes = [] if data is None else data.resource_metrics[0].scope_metrics
        self._metrics |= {metric.name: metric for scope in scopes for metric in scope.metrics}
        return self._metrics

    def points(self, name: str) -> list[tuple[Attributes, float]]:
        """Attributes and values: of a histogram the sums."""
        return [
            (dict(it.attributes or {}), _value(it)) for it in self.metrics()[name].data.data_points
        ]

    def text(self) -> str:
        """All of it."""
        data = self._reader.get_metrics_data()
        return "".join([span.to_json() for span in self.spans]) + (data.to_json() if data else "")

    def close(self) -> None:
        self.tracers.shutdown()
        self.meters.shutdown()


@pytest.fixture
def exported() -> Iterator[Exported]:
    exported = Exported()
    otel.instrument(exported.tracers, exported.meters)
    yield exported
    otel.uninstrument()
    exported.close()


@pytest.mark.looptime
class TestCalls:
    async def test_call_when_successful(self, exported: Exported) -> None:
        calls, _, _ = pipeline(ITEM)
        await calls.call(READ, query={"buyer": "Анна"})
        (span,) = exported.spans
        assert (span.name, span.kind) == ("toy items.read", SpanKind.CLIENT)
        assert span.attributes == {
            **READING,
            "server.address": "api.example",
            "server.port": 443,
            "http.response.status_code": 200,
            "wbym.attempts": 1,
            "wbym.limit.wait": 0.0,
        }
        assert span.status.status_code is StatusCode.UNSET
        (event,) = span.events
        assert event.name == "attempt"
        assert event.attributes == {
            "wbym.attempt": 1,
            "http.response.status_code": 200,
            "wbym.limit.wait": 0.0,
            "wbym.attempt.duration": 0.0,
        }
        answered = {**READING, "http.response.status_code": 200}
        assert exported.points("wbym.call.duration") == [(answered, 0.0)]
        assert exported.points("wbym.limit.wait") == [(READING, 0.0)]
        assert exported.metrics().keys() == {"wbym.call.duration", "wbym.limit.wait"}

    async def test_call_when_rate_limited(self, exported: Exported) -> None:
        calls, _, _ = pipeline(Response(429, {"retry": "7"}), Response(204, {}))
        await calls.call(SEND, body={})
        (span,) = exported.spans
        attributes = span.attributes or {}
        assert attributes["wbym.attempts"] == 2
        assert attributes["wbym.limit.wait"] == pytest.approx(7, abs=0.01)
        assert attributes["http.response.status_code"] == 204
        assert "error.type" not in attributes
        assert span.status.status_code is StatusCode.UNSET
        limited, succeeded = [event.attributes or {} for event in span.events]
        assert (limited["http.response.status_code"], limited["error.type"]) == (429, "RateLimited")
        assert (succeeded["wbym.attempt"], succeeded["http.response.status_code"]) == (2, 204)
        limited_call = {**SENDING, "http.response.status_code": 429}
        assert exported.points("wbym.call.rate_limited") == [(limited_call, 1)]
        ban = {"wbym.marketplace": "toy", "wbym.bucket": "toy/seller/usual/items"}
        assert exported.points("wbym.bans") == [(ban, 1)]
        ((who, waited),) = exported.points("wbym.limit.wait")
        assert who == SENDING
        assert waited == pytest.approx(7, abs=0.01)

    async def test_call_when_retried(self, exported: Exported) -> None:
        calls, _, _ = pipeline(SLOW, Response(502, {}), ITEM, retry=RetryPolicy(base_delay=4))
        await calls.call(READ)
        (span,) = exported.spans
        assert [dict(event.attributes or {}).get("error.type") for event in span.events] == [
            "CallTimeout",
            "ServerError",
            None,
        ]
        ((_, seconds),) = exported.points("wbym.call.duration")
        assert seconds >= (4 + 8) / 2
        assert "wbym.call.rate_limited" not in exported.metrics()

    async def test_call_when_its_outcome_is_unknown(self, exported: Exported) -> None:
        calls, _, _ = pipeline(SLOW)
        with pytest.raises(DeliveryUnknown):
            await calls.call(SEND, body={})
        (span,) = exported.spans
        assert (span.attributes or {})["error.type"] == "DeliveryUnknown"
        assert (span.events[0].attributes or {})["error.type"] == "CallTimeout"
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        failed = {**SENDING, "error.type": "DeliveryUnknown"}
        assert exported.points("wbym.call.duration") == [(failed, 0.0)]

    async def test_call_when_cancelled(self, exported: Exported) -> None:
        dialect = ToyDialect(quota=Quota(limit=1, period=100, burst=1))
        calls, _, _ = pipeline(ITEM, dialect=dialect)
        await calls.call(READ)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(calls.call(READ), 3)
        span = exported.spans[1]
        assert (span.attributes or {})["error.type"] == "CancelledError"
        assert (span.attributes or {})["wbym.limit.wait"] == 3
        assert span.status.status_code is StatusCode.UNSET


@pytest.mark.looptime
class TestContext:
    async def test_current_span_when_a_call_is_under_way(self, exported: Exported) -> None:
        seen: list[trace.Span] = []

        def answer(request: Request) -> Response:
            seen.append(trace.get_current_span())
            return ITEM

        calls, _, _ = pipeline(answer, json_response({"error": "нет"}, 404))
        with exported.tracers.get_tracer("app").start_as_current_span("work") as work:
            await calls.call(READ)
            assert trace.get_current_span() is work
            with pytest.raises(NotFound):
                await calls.call(READ)
            assert trace.get_current_span() is work
        call = exported.spans[0]
        assert seen[0].get_span_context() == call.get_span_context()
        assert call.parent == work.get_span_context()

    async def test_current_span_when_calls_are_concurrent(
        self, exported: Exported, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls, _, _ = pipeline(*[ITEM] * 20, dialect=ToyDialect(quota=Quota(2, 1, 2)))
        await asyncio.gather(*(calls.call(READ) for _ in range(20)))
        assert len(exported.spans) == 20
        assert {span.parent for span in exported.spans} == {None}
        assert not trace.get_current_span().is_recording()
        assert not [it for it in caplog.records if it.levelno > logging.INFO]


class TestFeedAndOutbox:
    def test_metrics_of_the_feed(self, exported: Exported) -> None:
        feed = current()
        for lag in (1.5, 2.5):
            feed.events_delivered(account="shop", kind="message", lag_seconds=lag)
        feed.poll_ended(account="shop", stream="chats", events=2, seconds=0.5)
        feed.poll_ended(account="shop", stream="chats", events=0, seconds=9, error=OSError("x"))
        feed.backlog(account="shop", count=5)
        feed.backlog(account="shop", count=3)
        message = {"wbym.account": "shop", "wbym.event.kind": "message"}
        assert exported.points("wbym.feed.events") == [(message, 2)]
        assert exported.points("wbym.feed.lag") == [(message, 4.0)]
        chats = {"wbym.account": "shop", "wbym.stream": "chats"}
        assert exported.points("wbym.feed.poll.duration") == [
            (chats, 0.5),
            ({**chats, "error.type": "OSError"}, 9.0),
        ]
        assert exported.points("wbym.feed.backlog") == [({"wbym.account": "shop"}, 3)]

    def test_metrics_of_the_outbox(self, exported: Exported) -> None:
        outbox = current()
        for before, after in ((None, "pending"), ("pending", "sending"), ("sending", "pending")):
            outbox.delivery_moved(account="shop", action="send", state_from=before, state_to=after)
        sent = {"wbym.account": "shop", "wbym.action": "send"}
        assert exported.points("wbym.outbox.deliveries") == [
            ({**sent, "wbym.state": "pending"}, 2),
            ({**sent, "wbym.state": "sending"}, 1),
        ]


class TestSecrets:
    @pytest.fixture
    async def simulator(self) -> AsyncIterator[ToySimulator]:
        async with ToySimulator() as it:
            yield it

    async def test_exported_data_has_no_secrets(
        self, exported: Exported, simulator: ToySimulator
    ) -> None:
        """No credential, text of a person or query string; over real HTTP, with faults."""
        retry = RetryPolicy(base_delay=0.001)
        async with Toy(KEY, name="shop", base_url=simulator.url, retry=retry) as shop:
            simulator.faults.next("/feedbacks", "error")
            await shop.feedbacks(answered=False).all()
            chat = (await shop.chats().all())[0]
            await shop.messages(chat).all()
            await shop.send(chat, "Секретный ответ")
            simulator.faults.next("/messages", "drop_after")
            with pytest.raises(DeliveryUnknown):
                await shop.send(chat, "Секретный ответ")
        names = {span.name for span in exported.spans}
        assert names == {
            f"toy {name}"
            for name in ("feedbacks.list", "chats.list", "chats.messages", "chats.send")
        }
        assert {(span.attributes or {})["server.address"] for span in exported.spans} == {
            "127.0.0.1"
        }
        text = exported.text()
        assert "DeliveryUnknown" in text
        for secret in (
            *KEY.split(":")[1:],
            "Bearer",
            "Секретный",
            "Анна",
            "Реплика",
            "answered=",
            "/messages",
        ):
            assert secret not in text
            assert secret.encode("unicode_escape").decode() not in text


class TestInstrument:
    def test_scope_when_something_is_exported(self, exported: Exported) -> None:
        current().call_began(
            marketplace="toy",
            account="shop",
            endpoint="items.read",
            method="GET",
            address="http://api.example:8080",
        ).ended(status=200, error=None, attempts=1, waited=0, seconds=0)
        (span,) = exported.spans
        scope = span.instrumentation_scope
        assert scope is not None
        assert (scope.name, scope.version) == ("wbym", version("wbym"))
        assert (span.attributes or {})["server.port"] == 8080

    async def test_call_when_no_longer_instrumented(self, exported: Exported) -> None:
        otel.uninstrument()
        calls, _, _ = pipeline(ITEM)
        await calls.call(READ)
        assert not exported.spans
        assert not exported.metrics()

    async def test_call_when_instrumented_twice(self, exported: Exported) -> None:
        otel.instrument(exported.tracers, exported.meters)
        calls, _, _ = pipeline(ITEM)
        await calls.call(READ)
        assert len(exported.spans) == 1

    async def test_call_when_the_application_has_no_sdk(self) -> None:
        otel.instrument()
        try:
            calls, _, _ = pipeline(ITEM)
            assert (await calls.call(READ)).value.id == 1
        finally:
            otel.uninstrument()

    def test_uninstrument_when_another_observer_is_set(self) -> None:
        other = Observer()
        set_observer(other)
        otel.uninstrument()
        assert set_observer(None) is other


class TestDocumentation:
    @pytest.mark.looptime
    async def test_documented_tables_match_the_exported_data(self, exported: Exported) -> None:
        calls, _, _ = pipeline(Response(429, {"retry": "1"}), SLOW, ITEM, Response(400, {}))
        await calls.call(READ)
        with pytest.raises(DeliveryUnknown):
            await pipeline(SLOW)[0].call(SEND)
        feed = current()
        feed.events_delivered(account="shop", kind="message", lag_seconds=1)
        feed.poll_ended(account="shop", stream="chats", events=2, seconds=1, error=OSError())
        feed.backlog(account="shop", count=5)
        feed.delivery_moved(account="shop", action="send", state_from=None, state_to="pending")
        assert _documented_metrics() == {
            name: (_kind(metric), metric.unit, _names(exported.points(name)))
            for name, metric in exported.metrics().items()
        }
        spans: set[str] = set()
        events: set[str] = set()
        for span in exported.spans:
            spans.update(span.attributes or {})
            for event in span.events:
                events.update(event.attributes or {})
        assert _documented_span() == {
            name: {place for place, has in (("span", spans), ("event", events)) if name in has}
            for name in spans | events
        }


def _value(point: object) -> float:
    if isinstance(point, HistogramDataPoint):
        return point.sum
    assert isinstance(point, NumberDataPoint)
    return point.value


def _kind(metric: Metric) -> str:
    data = metric.data
    if isinstance(data, Sum):
        assert data.is_monotonic
        return "counter"
    return "gauge" if isinstance(data, Gauge) else "histogram"


def _names(points: list[tuple[Attributes, float]]) -> set[str]:
    return {name for attributes, _ in points for name in attributes}


def _documented_metrics() -> dict[str, tuple[str, str, set[str]]]:
    return {
        _ticked(name).pop(): (kind, _ticked(unit).pop(), _ticked(attributes))
        for name, kind, unit, _, attributes in _rows("<!-- metrics -->")
    }


def _documented_span() -> dict[str, set[str]]:
    return {_ticked(name).pop(): set(of.split(", ")) for name, of, _ in _rows("<!-- span -->")}


def _rows(title: str) -> list[list[str]]:
    """The cells of the table that follows."""
    table = DOCS.read_text("utf-8").partition(f"{title}\n")[2].partition("\n\n")[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]


def _ticked(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))
