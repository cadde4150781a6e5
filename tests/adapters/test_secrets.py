"""No error, traceback with locals, log, pickle or JSON shows a token, a key or a signature."""

import asyncio
import json
import logging
import pickle
import re
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from rich.pretty import pretty_repr
from rich.traceback import Traceback
from structlog.tracebacks import ExceptionDictTransformer

from wbym import Inbox
from wbym._config import find_accounts
from wbym.account import Account
from wbym.calls import RetryPolicy, SecretText, reveal
from wbym.domain import Chat, Noun, Ref
from wbym.errors import (
    BadRequest,
    CallTimeout,
    ConfigError,
    ConnectionFailed,
    DeliveryUnknown,
    GatewayError,
    InvalidInput,
    InvalidToken,
    RateLimited,
    ServerError,
    Unauthorized,
    UnreadableReply,
    WbymError,
)
from wbym.limits import Scheduler
from wbym_wildberries import Wildberries
from wbym_wildberries.api import chats as wildberries_chats
from wbym_wildberries.simulator import make_token
from wbym_yandex_market import YandexMarket
from wbym_yandex_market.simulator import make_api_key

TOKEN = make_token()
KEY = make_api_key()
OAUTH = "y0_AgAAAAB" + "q" * 40
SIGN = "1:5f1e2d3c-hush-" + "9" * 60
PASSWORD = "pr0xy-hush"
PROXY = f"http://me:{PASSWORD}@127.0.0.1:1"
SECRETS = (TOKEN, TOKEN[:40], TOKEN[-40:], KEY, KEY[:20], OAUTH, SIGN, SIGN[:16], PASSWORD)

LISTED = {"result": [{"chatID": "1:a", "replySign": SIGN, "clientName": "Анна"}], "errors": None}


def response(status: int, body: str, head: str = "") -> bytes:
    data = body.encode()
    top = f"HTTP/1.1 {status} X\r\nConnection: close\r\n{head}"
    return f"{top}Content-Length: {len(data)}\r\n\r\n".encode() + data


def echo(sent: str) -> str:
    """A body that is no answer of a marketplace, and repeats the request."""
    sign = SIGN if "/api/v1/seller/" in sent else "none"
    return json.dumps({"you sent": sent, "replySign": sign, "more": {"sign": sent}})


def refusal(status: int) -> Callable[[str], bytes]:
    """An error of either marketplace that repeats the request."""

    def refuse(sent: str) -> bytes:
        said = {
            "title": f"bad {sent}",
            "detail": sent,
            "status": "ERROR",
            "errors": [{"code": "BAD", "message": sent}],
        }
        return response(status, json.dumps(said), "X-Ratelimit-Retry: 1\r\n")

    return refuse


FAILURES: dict[str, tuple[Callable[[str], bytes] | None, type[WbymError]]] = {
    "closed": (lambda _: b"", ConnectionFailed),
    "slow": (None, CallTimeout),
    "cut": (lambda sent: response(200, echo(sent))[:-30], ConnectionFailed),
    "not HTTP": (lambda sent: sent.encode(), ConnectionFailed),
    "400": (refusal(400), BadRequest),
    "401": (refusal(401), Unauthorized),
    "429": (refusal(429), RateLimited),
    "500": (refusal(500), ServerError),
    "gateway": (lambda sent: response(403, f"<html>{sent}"), GatewayError),
    "redirect": (
        lambda sent: response(302, sent, "Location: https://a.example/\r\n"),
        GatewayError,
    ),
    "undecodable": (lambda sent: response(200, echo(sent)[:-1]), UnreadableReply),
    "another shape": (lambda sent: response(200, f"[{echo(sent)}]"), UnreadableReply),
}


@asynccontextmanager
async def server(answer: Callable[[str], bytes] | None) -> AsyncIterator[str]:
    """A server that lists a chat, and answers everything else in one way; None: never."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            if head.startswith(b"GET /api/v1/seller/chats "):
                writer.write(response(200, json.dumps(LISTED)))
            elif answer is None:
                await reader.read()
            else:
                if b"chunked" in head:
                    head += await reader.readuntil(b"0\r\n\r\n")
                elif size := re.search(rb"Content-Length: (\d+)", head):
                    head += await reader.readexactly(int(size[1]))
                writer.write(answer(head.decode()))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1")
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        listening.close()
        await listening.wait_closed()


def wildberries(url: str) -> Wildberries:
    return Wildberries(
        TOKEN,
        name="wb",
        base_url=url,
        timeout=0.2,
        scheduler=Scheduler(),
        retry=RetryPolicy(max_attempts=2, max_rate_limited=1, base_delay=0.0),
    )


def market(url: str, **credentials: str) -> YandexMarket:
    return YandexMarket(
        **(credentials or {"api_key": KEY}),  # type: ignore[arg-type]
        name="ym",
        business_id=1,
        base_url=url,
        timeout=0.2,
        scheduler=Scheduler(),
        retry=RetryPolicy(max_attempts=2, max_rate_limited=1, base_delay=0.0),
    )


def views(error: BaseException) -> dict[str, str]:
    """What each reporter of errors shows."""
    plain = traceback.TracebackException.from_exception(error, capture_locals=True)
    kind, trace = type(error), error.__traceback__
    shown = Traceback.extract(kind, error, trace, show_locals=True, locals_max_string=10**6)
    frames = [frame for stack in shown.stacks for frame in stack.frames]
    with_rich = ExceptionDictTransformer(show_locals=True, locals_max_string=10**6)
    without = ExceptionDictTransformer(show_locals=True, use_rich=False)
    return {
        "stdlib": "".join(plain.format()),
        "rich": "".join(
            f"{name}={value}" for frame in frames for name, value in (frame.locals or {}).items()
        ),
        "structlog": repr(with_rich((kind, error, trace))),
        "structlog without rich": repr(without((kind, error, trace))),
        "attributes": repr(vars(error)),
        "pickle": repr(pickle.dumps(error)),
        "text": f"{error!r} {error}",
    }


def require_clean(shown: dict[str, str]) -> None:
    for view, text in shown.items():
        found = [secret[:12] for secret in SECRETS if secret in text]
        assert not found, (view, found, text)


async def failure(call: Callable[[], Awaitable[object]]) -> Exception:
    try:
        await call()
    except Exception as error:  # noqa: BLE001 - any
        return error
    raise AssertionError("it did not fail")


def is_or_was(error: BaseException, kind: type[WbymError]) -> bool:
    """Whether it is such an error, or one of unknown fate that is caused by it."""
    return isinstance(error, kind) or (
        isinstance(error, DeliveryUnknown) and isinstance(error.__cause__, kind)
    )


@pytest.mark.parametrize("name", FAILURES)
class TestCalls:
    async def test_wildberries(self, name: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0, "wbym")
        answer, kind = FAILURES[name]
        async with server(answer) as url, wildberries(url) as shop:
            (chat,) = await shop.chats().all()
            for call in (
                lambda: shop.send(chat, "Здравствуйте"),
                lambda: shop.api.chats.send(SIGN, "Здравствуйте"),
                lambda: shop.api.chats.events().all(),
                lambda: shop.api.questions.count(),
                lambda: shop.api.feedbacks.answer("1", "Спасибо!"),
            )[: 4 if kind is UnreadableReply else 5]:
                error = await failure(call)
                assert is_or_was(error, kind), error
                require_clean(views(error))
        require_clean({"log": caplog.text + repr([vars(one) for one in caplog.records])})

    async def test_market(self, name: str, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(0, "wbym")
        answer, kind = FAILURES[name]
        async with server(answer) as url, market(url) as shop, market(url, oauth=OAUTH) as other:
            for call in (
                lambda: shop.chats().all(),
                lambda: shop.api.chats.send(1, "Здравствуйте"),
                lambda: other.api.feedbacks.list().all(),
            ):
                error = await failure(call)
                assert is_or_was(error, kind), error
                require_clean(views(error))
        require_clean({"log": caplog.text + repr([vars(one) for one in caplog.records])})

    async def test_outbox(self, name: str, tmp_path: Path) -> None:
        answer, _ = FAILURES[name]
        async with server(answer) as url:
            inbox = Inbox(wildberries(url), state=tmp_path / "state.db")
            async with inbox:
                sent = await inbox.outbox.send(
                    Ref("wildberries", "wb", Noun.CHAT, "1:a"), "Привет", idempotency_key="k"
                )
                require_clean({"delivery": repr(sent), "json": repr(msgspec.json.encode(sent))})
        for file in filter(Path.is_file, tmp_path.iterdir()):
            require_clean({file.name: file.read_bytes().decode("latin-1")})


async def test_cancelled_calls() -> None:
    async with server(None) as url, wildberries(url) as shop, market(url) as other:
        for call in (
            lambda: shop.api.chats.send(SIGN, "Здравствуйте"),
            lambda: other.api.chats.send(1, "Здравствуйте"),
        ):

            async def in_time(call: Callable[[], Awaitable[object]] = call) -> None:
                async with asyncio.timeout(0.05):
                    await call()

            error = await failure(in_time)
            assert isinstance(error, TimeoutError)
            shown = views(error)
            require_clean(shown)


class TestRecords:
    @pytest.fixture
    async def chat(self) -> AsyncIterator[Chat]:
        async with server(lambda _: b"") as url, wildberries(url) as shop:
            (chat,) = await shop.chats().all()
            yield chat

    def test_views(self, chat: Chat) -> None:
        raw = chat.raw
        assert isinstance(raw, wildberries_chats.Chat)
        require_clean(
            {
                "repr": f"{raw!r} {raw} {chat!r}",
                "rich": pretty_repr(raw) + pretty_repr(chat),
                "json": repr(msgspec.json.encode(raw)),
                "msgpack": repr(msgspec.msgpack.encode(raw)),
                "dict": repr(msgspec.structs.asdict(raw)) + repr(msgspec.to_builtins(raw)),
                "pickle": repr(pickle.dumps(raw)) + repr(pickle.dumps(chat)),
                "fields": repr(msgspec.structs.astuple(raw)),
                "attributes": repr(vars(raw)),
            }
        )
        assert raw.reply_sign == SIGN
        assert reveal(raw.reply_sign or "") == SIGN
        assert pickle.loads(pickle.dumps(raw)).reply_sign == "***"
        assert b'"replySign":"***"' in msgspec.json.encode(raw)

    def test_views_of_events(self) -> None:
        data = {"chatID": "1", "eventID": "2", "addTimestamp": 1760000000000, "replySign": SIGN}
        event = msgspec.convert(data, wildberries_chats.Event)
        sent = msgspec.convert({"sign": SIGN}, wildberries_chats.SendResult)
        for record in (event, sent):
            require_clean({"json": repr(msgspec.json.encode(record)), "repr": repr(record)})
            require_clean({"pickle": repr(pickle.dumps(record)), "rich": pretty_repr(record)})
        assert reveal(event.reply_sign or "") == reveal(sent.sign or "") == SIGN
        assert msgspec.convert({"chatID": "1"}, wildberries_chats.Chat).reply_sign is None


ONCE = RetryPolicy(max_attempts=1)


def proxied(**connection: str) -> list[Callable[[], Account]]:
    return [
        lambda: Wildberries(TOKEN, retry=ONCE, **connection),  # type: ignore[arg-type]
        lambda: YandexMarket(KEY, business_id=1, retry=ONCE, **connection),  # type: ignore[arg-type]
    ]


class TestConstructors:
    @pytest.mark.parametrize(
        "create",
        [
            lambda: Wildberries(f"Bearer {TOKEN}"),
            lambda: Wildberries(f"{TOKEN}.x"),
            lambda: Wildberries([TOKEN, f"x{TOKEN[:40]}.{TOKEN[-40:]}.y"]),
            lambda: Wildberries([TOKEN, make_token(sid="another")]),
            lambda: Wildberries(TOKEN, quotas={"no": None}),  # type: ignore[dict-item]
            lambda: Wildberries(TOKEN, base_url="no address"),
            lambda: Wildberries(TOKEN, name=""),
            lambda: Wildberries(TOKEN, proxy=PROXY, timeout=-1.0),
            lambda: Wildberries(TOKEN, proxy=f"{PROXY}/path"),
            lambda: YandexMarket(f"Bearer {KEY}"),
            lambda: YandexMarket(f"{KEY} 123"),
            lambda: YandexMarket(f"{KEY} Ж"),
            lambda: YandexMarket(KEY, oauth=f"OAuth {OAUTH}"),
            lambda: YandexMarket(KEY, business_id=-1),
            lambda: YandexMarket(KEY, name=""),
            lambda: YandexMarket(KEY, proxy=PROXY, timeout=-1.0),
            lambda: YandexMarket(KEY, proxy=f"{PROXY}/path"),
            lambda: Wildberries.Options(proxy=PROXY, timeout=-1.0),
            lambda: Wildberries.Options(proxy=f"{PROXY}/path"),
        ],
    )
    async def test_error_when_an_argument_is_wrong(self, create: Callable[[], object]) -> None:
        try:
            create()
        except (InvalidInput, InvalidToken) as error:
            shown = views(error)
            require_clean(shown)
            assert "repr-error" not in shown["rich"]
        else:
            raise AssertionError("it was created")

    @pytest.mark.parametrize("kind", [Wildberries, YandexMarket])
    def test_repr_when_the_constructor_failed(self, kind: type[Account]) -> None:
        assert repr(kind.__new__(kind)) == f"<{kind.__name__}, not initialized>"

    async def test_call_when_the_proxy_is_not_there(self) -> None:
        for create in proxied(proxy=PROXY, base_url="http://127.0.0.1:2"):
            async with create() as shop:
                error = await failure(lambda: shop.chats().all())
            require_clean(views(error))


@pytest.mark.parametrize(
    "table",
    [
        f'secret_env = "{TOKEN}"',
        f'secret = "{TOKEN}"',
        f'secret_env = "WB"\nproxy = "{PROXY}/path"',
        f'secret_env = "WB"\nproxy = "{PROXY}"\ntimeout = "x"',
        f'secret_env = "WB"\nsecret_file = "{TOKEN}"',
        f"secret_env = {TOKEN}",
        'secret_env = "WB"',
    ],
)
async def test_config_when_it_is_wrong(table: str, tmp_path: Path) -> None:
    file = tmp_path / "wbym.toml"
    file.write_text(f'[accounts.a]\nmarketplace = "wildberries"\n{table}\n', "utf-8")

    async def read() -> None:
        for source in await asyncio.to_thread(lambda: find_accounts(file, environ=ENVIRONMENT)):
            await source.open()

    error = await failure(read)
    assert isinstance(error, ConfigError)
    shown = views(error)
    if "secret_env = ey" in table or "secret_file" in table:
        del shown["text"], shown["attributes"], shown["pickle"]
    require_clean(shown)


ENVIRONMENT = {"WB": f"{TOKEN}é", "OTHER": KEY}


def test_text_when_shown() -> None:
    text = SecretText(SIGN)
    assert {repr(text), str(text), f"{text}", "%s" % text} == {"'***'", "***"}  # noqa: UP031
    assert json.dumps(text) == '"***"'
    assert (text, hash(text), len(text)) == (SIGN, hash(SIGN), len(SIGN))
    assert text != "***"
    assert not SecretText("")
    assert SecretText(text) is text
    assert logging.makeLogRecord({"msg": "%s", "args": (text,)}).getMessage() == "***"
