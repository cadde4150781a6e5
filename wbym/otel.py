"""OpenTelemetry spans and metrics; their names are in ``docs/observability.md``.

Needs the extra ``wbym[otel]``, which has only the API. The application's SDK exports them.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from importlib.metadata import version
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from opentelemetry import context
from opentelemetry.metrics import MeterProvider, get_meter
from opentelemetry.trace import (
    Span,
    SpanKind,
    StatusCode,
    TracerProvider,
    get_tracer,
    set_span_in_context,
)

from wbym.errors import RateLimited
from wbym.observe import CallObserver, Observer, set_observer

__all__ = ["instrument", "uninstrument"]

_Attributes: TypeAlias = Mapping[str, str | int | float]

_SCOPE: Final = "wbym"
_VERSION: Final = version("wbym")
_SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Bucket boundaries in seconds for calls and polls: OpenTelemetry's for HTTP, plus waiting."""
_LONG: Final = (0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
"""Bucket boundaries in seconds for delays by limits, which may be one call per hour."""
_PORTS: Final = {"http": 80, "https": 443}


def instrument(
    tracer_provider: TracerProvider | None = None, meter_provider: MeterProvider | None = None
) -> None:
    """Record spans and metrics from now on; replaces any other observer.

    Args:
        tracer_provider: Receives the spans; by default the global one.
        meter_provider: Receives the metrics; by default the global one.
    """
    set_observer(_OpenTelemetry(tracer_provider, meter_provider))


def uninstrument() -> None:
    """Stop recording; an observer that is not from this module is kept."""
    before = set_observer(None)
    if not isinstance(before, _OpenTelemetry):
        set_observer(before)


class _OpenTelemetry(Observer):
    def __init__(
        self, tracer_provider: TracerProvider | None, meter_provider: MeterProvider | None
    ) -> None:
        meter = get_meter(_SCOPE, _VERSION, meter_provider)
        self.tracer: Final = get_tracer(_SCOPE, _VERSION, tracer_provider)
        self.duration: Final = meter.create_histogram(
            "wbym.call.duration",
            "s",
            "Duration of a call, including waiting and retries.",
            explicit_bucket_boundaries_advisory=_SHORT,
        )
        self.wait: Final = meter.create_histogram(
            "wbym.limit.wait",
            "s",
            "Time that an attempt waited for the limits.",
            explicit_bucket_boundaries_advisory=_LONG,
        )
        self.rate_limited: Final = meter.create_counter(
            "wbym.call.rate_limited", "{attempt}", "Rate-limited attempts."
        )
        self._bans = meter.create_counter("wbym.bans", "{ban}", "Bans begun or prolonged.")
        self._events = meter.create_counter(
            "wbym.feed.events", "{event}", "Events delivered to the consumer."
        )
        self._lag = meter.create_histogram(
            "wbym.feed.lag",
            "s",
            "Time from an event to its delivery to the consumer.",
            explicit_bucket_boundaries_advisory=_LONG,
        )
        self._polls = meter.create_histogram(
            "wbym.feed.poll.duration",
            "s",
            "Duration of a poll.",
            explicit_bucket_boundaries_advisory=_SHORT,
        )
        self._backlog = meter.create_gauge(
            "wbym.feed.backlog", "{event}", "Events stored and not confirmed."
        )
        self._deliveries = meter.create_counter(
            "wbym.outbox.deliveries", "{delivery}", "State changes of deliveries."
        )

    def call_began(
        self, *, marketplace: str, account: str, endpoint: str, method: str, address: str
    ) -> CallObserver:
        who = {
            "wbym.marketplace": marketplace,
            "wbym.account": account,
            "wbym.endpoint": endpoint,
            "http.request.method": method,
        }
        span = self.tracer.start_span(
            f"{marketplace} {endpoint}",
            kind=SpanKind.CLIENT,
            attributes={**who, **_server(address)},
        )
        return _Call(self, span, who)

    def banned(self, *, marketplace: str, bucket: str, until: datetime) -> None:
        self._bans.add(1, {"wbym.marketplace": marketplace, "wbym.bucket": bucket})

    def events_delivered(self, *, account: str, kind: str, lag_seconds: float) -> None:
        what = {"wbym.account": account, "wbym.event.kind": kind}
        self._events.add(1, what)
        self._lag.record(lag_seconds, what)

    def poll_ended(
        self,
        *,
        account: str,
        stream: str,
        events: int,
        seconds: float,
        error: BaseException | None = None,
    ) -> None:
        what = {"wbym.account": account, "wbym.stream": stream, **_outcome(None, error)}
        self._polls.record(seconds, what)

    def backlog(self, *, account: str, count: int) -> None:
        self._backlog.set(count, {"wbym.account": account})

    def delivery_moved(
        self, *, account: str, action: str, state_from: str | None, state_to: str
    ) -> None:
        self._deliveries.add(
            1, {"wbym.account": account, "wbym.action": action, "wbym.state": state_to}
        )


class _Call(CallObserver):
    """A call's span, current until the call ends, so that logs and inner spans refer to it."""

    def __init__(self, to: _OpenTelemetry, span: Span, who: _Attributes) -> None:
        self._to = to
        self._span = span
        self._who = who
        self._token = context.attach(set_span_in_context(span))

    def attempt_ended(
        self,
        *,
        attempt: int,
        status: int | None,
        error: BaseException | None,
        waited: float,
        seconds: float,
    ) -> None:
        self._span.add_event(
            "attempt",
            {
                "wbym.attempt": attempt,
                "wbym.limit.wait": waited,
                "wbym.attempt.duration": seconds,
                **_outcome(status, error),
            },
        )
        self._to.wait.record(waited, self._who)
        if isinstance(error, RateLimited):
            self._to.rate_limited.add(1, {**self._who, **_outcome(status, None)})

    def ended(
        self,
        *,
        status: int | None,
        error: BaseException | None,
        attempts: int,
        waited: float,
        seconds: float,
    ) -> None:
        outcome = _outcome(status, error)
        # Recorded while the span is current, so that exemplars refer to it.
        self._to.duration.record(seconds, {**self._who, **outcome})
        context.detach(self._token)
        self._span.set_attributes({"wbym.attempts": attempts, "wbym.limit.wait": waited, **outcome})
        # A cancelled call is not an error. No description, since an error's text may quote a buyer.
        if isinstance(error, Exception):
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


def _outcome(status: int | None, error: BaseException | None) -> _Attributes:
    outcome: dict[str, str | int] = {}
    if status is not None:
        outcome["http.response.status_code"] = status
    if error is not None:
        outcome["error.type"] = type(error).__name__
    return outcome


@lru_cache(maxsize=256)
def _server(address: str) -> _Attributes:
    parts = urlsplit(address)
    return {
        "server.address": parts.hostname or "",
        "server.port": parts.port or _PORTS.get(parts.scheme, 0),
    }
