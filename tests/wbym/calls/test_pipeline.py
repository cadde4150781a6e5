import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from tests.support.fakes import (
    ScriptedExchange,
    ScriptedTransport,
    ToyDialect,
    json_response,
    pipeline,
)
from tests.support.items import FILE, SEND, SLOW, UNSENT
from wbym.calls import (
    Endpoint,
    Exchange,
    Json,
    Part,
    Pipeline,
    Refusal,
    Refused,
    Request,
    Response,
    RetryPolicy,
    TransportError,
    Upload,
)
from wbym.errors import (
    BadRequest,
    CallError,
    CallTimeout,
    Conflict,
    ConnectionFailed,
    DeliveryUnknown,
    Forbidden,
    InvalidInput,
    Locked,
    NotFound,
    NotReady,
    PayloadTooLarge,
    PaymentRequired,
    QuotaExhausted,
    RateLimited,
    RefusedByModeration,
    ServerError,
    Unauthorized,
    Unprocessable,
    UnreadableReply,
)
from wbym.limits import BucketKey, Charge, LimitSignal, ParallelCap, Scheduler


class Item(msgspec.Struct):
    id: int


class Items(msgspec.Struct):
    items: list[Item]
    error: str | None = None


def _open(page: Items) -> list[Item]:
    if page.error:
        raise Refused(Refusal(page.error))
    return page.items


READ = Endpoint(
    name="items.list",
    method="GET",
    host="api",
    path="/items/{group}",
    reply=Json(Items, _open, records=("items",), record=Item),
    buckets=("items",),
    scope="items",
)
LOST = TransportError("broken pipe", sent=True, timeout=False)
PAGE = json_response({"items": [{"id": 1}, {"id": 2}]})

pytestmark = pytest.mark.looptime


class TestRequest:
    @pytest.mark.parametrize("where", ["path", "query", "body", "part"])
    async def test_request_when_a_text_has_a_lone_surrogate(self, where: str) -> None:
        calls, transport, _ = pipeline(PAGE)
        half = "Оля \ud83d"
        with pytest.raises(InvalidInput, match="text must not have a lone surrogate"):
            match where:
                case "path":
                    await calls.call(READ, path={"group": half})
                case "query":
                    await calls.call(READ, path={"group": 1}, query={"x": half})
                case "body":
                    await calls.call(READ, path={"group": 1}, body={"x": [half]})
                case _:
                    await calls.call(READ, path={"group": 1}, parts=[Part("x", half)])
        assert not transport.requests

    async def test_request_when_every_part_is_given(self) -> None:
        calls, transport, _ = pipeline(PAGE)
        await calls.call(READ, path={"group": "a/б"}, query={"x": True, "n": 5, "none": None})
        request = transport.requests[0]
        assert request.method == "GET"
        assert request.url == "https://api.example/items/a%2F%D0%B1?x=true&n=5"
        assert request.headers["Authorization"] == "s3cret"
        assert request.body is None

    async def test_call_when_its_body_has_a_decimal(self) -> None:
        calls, transport, _ = pipeline(Response(204, {}))
        await calls.call(SEND, body={"value": Decimal("100.10")})
        assert transport.requests[0].body == b'{"value":100.10}'

    async def test_request_when_it_has_a_json_body(self) -> None:
        calls, transport, _ = pipeline(Response(204, {}))
        await calls.call(SEND, body={"text": "Спасибо"})
        request = transport.requests[0]
        assert request.body == '{"text":"Спасибо"}'.encode()
        assert request.headers["Content-Type"] == "application/json"

    async def test_repr_when_it_carries_secrets(self) -> None:
        request = Request("GET", "https://x.example/", {"Authorization": "s3cret"}, b"s3cret")
        assert "s3cret" not in repr(request)
        assert "s3cret" not in repr(Part("replySign", "s3cret"))

    @pytest.mark.parametrize("path", [None, {}, {"group": 1, "other": 2}, {"other": 2}])
    async def test_call_when_the_path_does_not_fit(self, path: dict[str, str | int] | None) -> None:
        calls, transport, _ = pipeline(PAGE)
        with pytest.raises(ValueError, match=r"/items/\{group\}"):
            await calls.call(READ, path=path)
        assert not transport.requests

    @pytest.mark.parametrize("name", ["", "a\r\nX: y.pdf", "a\x00.pdf"])
    def test_upload_when_its_name_could_break_the_request(self, name: str) -> None:
        with pytest.raises(ValueError, match="name"):
            Upload(name, b"%PDF-")


class TestDecoding:
    async def test_call_when_successful(self) -> None:
        calls, _, undecodable = pipeline(PAGE)
        answer = await calls.call(READ, path={"group": 1})
        assert [item.id for item in answer.value] == [1, 2]
        assert not undecodable

    async def test_call_when_one_record_is_undecodable(self) -> None:
        bad = b'{"items": [{"id": 1}, {"id": null, "s": "x"}, {"id": 3}], "new": {"a": [1]}}'
        calls, _, undecodable = pipeline(Response(200, {}, bad))
        answer = await calls.call(READ, path={"group": 1})
        assert [item.id for item in answer.value] == [1, 3]
        assert tuple(undecodable) == answer.undecodable
        assert undecodable[0].data == b'{"id": null, "s": "x"}'
        assert undecodable[0].where == "items[1]"
        assert undecodable[0].endpoint == "items.list"
        assert "int" in undecodable[0].reason

    async def test_call_when_all_records_are_undecodable(self) -> None:
        calls, _, undecodable = pipeline(json_response({"items": [1, None, "x"]}))
        assert (await calls.call(READ, path={"group": 1})).value == []
        assert len(undecodable) == 3

    async def test_call_when_the_page_has_another_shape(self) -> None:
        calls, _, _ = pipeline(json_response({"items": 5}), retry=RetryPolicy(max_attempts=1))
        with pytest.raises(UnreadableReply, match="unexpected shape"):
            await calls.call(READ, path={"group": 1})

    @pytest.mark.parametrize(
        ("body", "message"),
        [
            (b"", "empty"),
            (b"<!DOCTYPE html><html>", "HTML"),
            (b"<html>", "HTML"),
            (b'{"items": [', "invalid JSON"),
            (b'\xff{"items": []}', "invalid JSON"),
        ],
    )
    async def test_call_when_the_body_is_not_json(self, body: bytes, message: str) -> None:
        calls, transport, _ = pipeline(*[Response(200, {}, body)] * 4)
        with pytest.raises(UnreadableReply, match=message) as caught:
            await calls.call(READ, path={"group": 1})
        assert caught.value.status == 200
        assert caught.value.body == body
        assert len(transport.requests) == 4

    async def test_call_when_the_envelope_has_an_error(self) -> None:
        calls, transport, _ = pipeline(json_response({"items": [], "error": "нельзя"}))
        with pytest.raises(BadRequest, match="нельзя") as caught:
            await calls.call(READ, path={"group": 1})
        assert caught.value.status == 200
        assert len(transport.requests) == 1


class TestRejections:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, BadRequest),
            (401, Unauthorized),
            (402, PaymentRequired),
            (403, Forbidden),
            (404, NotFound),
            (409, Conflict),
            (413, PayloadTooLarge),
            (418, BadRequest),
            (422, Unprocessable),
            (423, Locked),
            (451, RefusedByModeration),
        ],
    )
    async def test_call_when_rejected(self, status: int, kind: type[CallError]) -> None:
        body = {"error": "нет", "code": "c-1", "id": "r-1"}
        calls, transport, _ = pipeline(json_response(body, status))
        with pytest.raises(kind, match="нет") as caught:
            await calls.call(READ, path={"group": 1})
        error = caught.value
        assert type(error) is kind
        assert (error.status, error.code, error.request_id) == (status, "c-1", "r-1")
        assert (error.marketplace, error.account, error.endpoint) == ("toy", "shop", "items.list")
        assert b"r-1" in error.body
        assert "s3cret" not in str(error)
        assert "s3cret" not in repr(error)
        assert len(transport.requests) == 1

    async def test_call_when_the_file_is_not_ready(self) -> None:
        calls, _, _ = pipeline(json_response({}, 202))
        with pytest.raises(NotReady):
            async with calls.download(FILE):
                pass

    async def test_call_when_the_error_body_is_large(self) -> None:
        calls, _, _ = pipeline(Response(400, {}, b"x" * 100_000))
        with pytest.raises(BadRequest) as caught:
            await calls.call(READ, path={"group": 1})
        assert len(caught.value.body) == 2048


class TestRetries:
    async def test_read_when_the_marketplace_fails_twice(self) -> None:
        calls, transport, _ = pipeline(Response(502, {}, b"<html>"), Response(500, {}), PAGE)
        assert len((await calls.call(READ, path={"group": 1})).value) == 2
        assert len(transport.requests) == 3

    async def test_read_when_the_marketplace_keeps_failing(self) -> None:
        calls, transport, _ = pipeline(*[Response(503, {})] * 4)
        with pytest.raises(ServerError) as caught:
            await calls.call(READ, path={"group": 1})
        assert caught.value.retryable
        assert len(transport.requests) == 4

    async def test_read_when_the_connection_breaks(self) -> None:
        calls, transport, _ = pipeline(LOST, SLOW, UNSENT, PAGE)
        assert (await calls.call(READ, path={"group": 1})).value
        assert len(transport.requests) == 4

    @pytest.mark.parametrize(
        ("trouble", "kind"),
        [(LOST, ConnectionFailed), (SLOW, CallTimeout), (UNSENT, ConnectionFailed)],
    )
    async def test_read_when_no_response_arrives(
        self, trouble: TransportError, kind: type[CallError]
    ) -> None:
        calls, _, _ = pipeline(*[trouble] * 4)
        with pytest.raises(kind) as caught:
            await calls.call(READ, path={"group": 1})
        assert type(caught.value) is kind
        assert caught.value.status is None

    @pytest.mark.parametrize(
        "trouble", [LOST, SLOW, Response(500, {}), Response(502, {}, b"<html>")]
    )
    async def test_write_when_its_outcome_is_unknown(
        self, trouble: Response | TransportError
    ) -> None:
        calls, transport, _ = pipeline(trouble, Response(204, {}))
        with pytest.raises(DeliveryUnknown) as caught:
            await calls.call(SEND, body={})
        assert isinstance(caught.value.__cause__, CallError)
        assert len(transport.requests) == 1

    async def test_write_when_not_sent(self) -> None:
        calls, transport, _ = pipeline(UNSENT, UNSENT, Response(204, {}))
        await calls.call(SEND, body={})
        assert len(transport.requests) == 3

    async def test_write_when_rate_limited(self) -> None:
        calls, transport, _ = pipeline(Response(429, {"retry": "7"}), Response(204, {}))
        await calls.call(SEND, body={})
        assert len(transport.requests) == 2

    async def test_read_when_always_rate_limited(self) -> None:
        calls, transport, _ = pipeline(*[Response(429, {"retry": "1"})] * 8)
        with pytest.raises(RateLimited):
            await calls.call(READ, path={"group": 1})
        assert len(transport.requests) == 8

    async def test_read_when_a_ban_is_longer_than_max_wait(self) -> None:
        calls, transport, _ = pipeline(Response(429, {"retry": "3600"}), max_wait=60)
        with pytest.raises(QuotaExhausted) as caught:
            await calls.call(READ, path={"group": 1})
        assert 3599 < caught.value.wait < 3602
        assert len(transport.requests) == 1

    async def test_ban_when_another_client_uses_the_same_seller(self) -> None:
        scheduler = Scheduler()
        first, _, _ = pipeline(Response(429, {"retry": "3600"}), scheduler=scheduler, max_wait=60)
        second, transport, _ = pipeline(PAGE, scheduler=scheduler, max_wait=60)
        with pytest.raises(QuotaExhausted):
            await first.call(READ, path={"group": 1})
        with pytest.raises(QuotaExhausted):
            await second.call(READ, path={"group": 1})
        assert not transport.requests


class _StallingExchange(ScriptedExchange):
    async def read(self) -> Response:
        await asyncio.sleep(30)
        return await super().read()


class _StallingTransport(ScriptedTransport):
    """The body of a rate limited call comes 30 seconds after its head."""

    @asynccontextmanager
    async def send(self, request: Request) -> AsyncIterator[Exchange]:
        async with super().send(request) as exchange:
            answer = await exchange.read()
            yield _StallingExchange(answer) if answer.status in {420, 429} else exchange


class _CapDialect(ToyDialect):
    """A call counts in a cap on parallel calls, too; the body of a 429 states the cap."""

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        cap = Charge(BucketKey("toy", "seller", "usual", "cap"), ParallelCap(4))
        return [*super().charges(endpoint, path), cap]

    def signal(self, response: Response) -> LimitSignal | None:
        signal = super().signal(response)
        if signal is None or not response.body:
            return signal
        return msgspec.structs.replace(signal, parallel=2)


class TestStalledBody:
    """A ban begins with the head."""

    def _calls(self, dialect: ToyDialect, *script: Response) -> tuple[Pipeline, Scheduler]:
        scheduler = Scheduler()
        calls = Pipeline(
            dialect=dialect,
            transport=_StallingTransport(*script),
            scheduler=scheduler,
            retry=RetryPolicy(max_rate_limited=0),
            on_undecodable=lambda _: None,
        )
        return calls, scheduler

    async def test_ban_begins_before_the_body_comes(self) -> None:
        calls, scheduler = self._calls(ToyDialect(), Response(429, {"retry": "60"}), PAGE)
        clock = asyncio.get_running_loop().time
        began = clock()
        first = asyncio.create_task(calls.call(READ, path={"group": 1}))
        await asyncio.sleep(1)
        (bucket,) = scheduler.buckets()
        assert bucket.banned_until is not None
        await calls.call(READ, path={"group": 1})
        assert 60 <= clock() - began < 61
        with pytest.raises(RateLimited):
            await first
        (bucket,) = scheduler.buckets()
        assert (bucket.rate_limited, bucket.in_flight) == (1, 0)

    async def test_ban_is_kept_when_the_call_is_cancelled(self) -> None:
        calls, scheduler = self._calls(ToyDialect(), Response(429, {"retry": "60"}))
        first = asyncio.create_task(calls.call(READ, path={"group": 1}))
        await asyncio.sleep(1)
        first.cancel()
        await asyncio.wait([first])
        (bucket,) = scheduler.buckets()
        assert bucket.banned_until is not None
        assert bucket.in_flight == 0

    async def test_cap_that_the_body_states_is_learned_later(self) -> None:
        calls, scheduler = self._calls(_CapDialect(), Response(429, {"retry": "60"}, b"2 at most"))
        with pytest.raises(RateLimited):
            await calls.call(READ, path={"group": 1})
        cap = next(bucket for bucket in scheduler.buckets() if bucket.kind == "parallel")
        assert (cap.limit, cap.rate_limited) == (2, 1)
        assert cap.banned_until is not None


class TestDownload:
    async def test_read_when_the_body_arrives_in_chunks(self) -> None:
        calls, _, _ = pipeline(
            Response(200, {"content-type": "image/png", "content-length": "10"}, b"0123456789")
        )
        async with calls.download(FILE) as file:
            assert (file.content_type, file.size) == ("image/png", 10)
            assert await file.read() == b"0123456789"

    async def test_save_when_successful(self, tmp_path: Path) -> None:
        calls, _, _ = pipeline(Response(200, {}, b"0123456789"))
        async with calls.download(FILE) as file:
            assert await file.save(tmp_path / "a.png") == 10
        assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
        assert (tmp_path / "a.png").stat().st_size == 10

    async def test_download_when_rejected_by_moderation(self) -> None:
        calls, _, _ = pipeline(json_response({"error": "запрещено"}, 451))
        with pytest.raises(RefusedByModeration, match="запрещено"):
            async with calls.download(FILE):
                pass

    async def test_download_when_the_first_response_is_lost(self) -> None:
        calls, transport, _ = pipeline(LOST, Response(503, {}), Response(200, {}, b"x"))
        async with calls.download(FILE) as file:
            assert await file.read() == b"x"
        assert len(transport.requests) == 3


async def test_authorization_when_shown_anywhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(0)
    calls, _, _ = pipeline(LOST, PAGE, dialect=ToyDialect("top-s3cret"))
    await calls.call(READ, path={"group": 1})
    assert "attempt 2" in caplog.text
    assert "top-s3cret" not in caplog.text
