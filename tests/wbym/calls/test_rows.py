"""Rows: requests, results, checks of arguments, introspection."""

import inspect
import pydoc
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import msgspec
import pytest

from tests.support.fakes import Scripted, ScriptedTransport, json_response, pipeline
from tests.wbym.calls.shelf import Box, Boxes, Colour, Lists, NoStock, Stock, Words
from wbym.calls import Group, Part, Request, Response, Upload, get, row, rows_of
from wbym.errors import BadRequest, Conflict, InvalidInput, NotFound, RateLimited, Unprocessable
from wbym.limits import Cost, Priority

pytestmark = pytest.mark.looptime

BOX = json_response({"data": {"id": 1}})
DONE = Response(204, {})
AT = datetime(2026, 5, 1, 3, 0, 0, 1, tzinfo=timezone(timedelta(hours=3)))

Call = Callable[[Boxes], Awaitable[object]]


def boxes(*script: Scripted) -> tuple[Boxes, ScriptedTransport]:
    calls, transport, _ = pipeline(*script)
    return Boxes(calls), transport


async def sent(call: Call, answer: Scripted = DONE) -> Request:
    group, transport = boxes(answer)
    await call(group)
    (request,) = transport.requests
    return request


def url_of(request: Request) -> str:
    return request.url.removeprefix("https://main.example")


class TestPlaces:
    @pytest.mark.parametrize(
        ("call", "method", "url", "body"),
        [
            (lambda it: it.find(5), "GET", "/boxes/5", None),
            (lambda it: it.find(box_id=5), "GET", "/boxes/5", None),
            (lambda it: it.some(ids=[1]), "GET", "/boxes/some?ids=1", None),
            (lambda it: it.some(ids=(1, 2)), "GET", "/boxes/some?ids=1%2C2", None),
            (lambda it: it.period(), "GET", "/boxes/period?text=", None),
            (
                lambda it: it.period(since=AT, until=AT, text="а&b"),
                "GET",
                "/boxes/period?since=1777593600&until=1777593601&text=%D0%B0%26b",
                None,
            ),
            (
                lambda it: it.period(at=AT, day=date(2026, 5, 1), colour=Colour.RED, from_=0),
                "GET",
                "/boxes/period?at=2026-05-01T00%3A00%3A00Z&day=2026-05-01&colour=red&text=&from=0",
                None,
            ),
            (lambda it: it.add("ab"), "POST", "/boxes", {"text": "ab"}),
            (
                lambda it: it.add("ab", nm_id=0, sizes={1}, at=AT, colour=Colour.RED, token="t"),
                "POST",
                "/boxes?token=t",
                {
                    "text": "ab",
                    "nmID": 0,
                    "sizes": [1],
                    "at": "2026-05-01T00:00:00Z",
                    "colour": "red",
                },
            ),
            (lambda it: it.choose(imt_id=3), "PATCH", "/boxes", {"imtId": 3}),
            (
                lambda it: it.stock(4, [Stock(1, 100)]),
                "PUT",
                "/boxes/stocks/4",
                [{"boxId": 1, "amount": 100}],
            ),
            (lambda it: it.delete(4, sku_ids=[1, 2]), "DELETE", "/boxes/4", {"skuIds": [1, 2]}),
        ],
    )
    async def test_request_when_arguments_are_given(
        self, call: Call, method: str, url: str, body: object
    ) -> None:
        answer = DONE if method != "GET" or "period" in url else json_response({"data": None})
        request = await sent(call, answer)
        assert (request.method, url_of(request)) == (method, url)
        if body is None:
            assert request.body is None
        else:
            assert request.body is not None
            assert msgspec.json.decode(request.body) == body
            assert request.headers["Content-Type"] == "application/json"

    async def test_body_when_a_function_builds_it(self) -> None:
        request = await sent(lambda it: it.nest("a", Colour.RED), BOX)
        assert request.body == b'{"kind":"box","inside":{"text":"a","colour":"red"}}'

    async def test_form_with_files(self) -> None:
        files = [Upload("a.png", b"\x89PNG\r\n\x1a\n"), Upload("b", b"x")]
        group, transport = boxes(DONE, DONE)
        await group.upload(5, files, note="Привет")
        await group.upload(5, files)
        first, second = transport.requests
        assert first.url == "https://files.example/boxes/files"
        assert first.headers["X-Nm-Id"] == "5"
        assert first.body is None
        assert first.parts == (
            Part("uploadfile", files[0].content, "a.png", "image/png"),
            Part("uploadfile", b"x", "b", "application/octet-stream"),
            Part("note", "Привет"),
        )
        assert len(second.parts) == 2  # an empty text is omitted

    async def test_name_when_spelled_as_in_python(self) -> None:
        calls, transport, _ = pipeline(json_response({"id": 1}))
        await Words(calls).word(1, user_id=2)
        assert url_of(transport.requests[0]) == "/words/1?user_id=2"

    async def test_path_when_the_account_fills_it(self) -> None:
        request = await sent(lambda it: it.on_shelf(1), BOX)
        assert url_of(request) == "/shelves/s%2F7/boxes/1"

    async def test_path_when_an_argument_is_missing(self) -> None:
        calls, transport, _ = pipeline(BOX)
        with pytest.raises(TypeError, match=r"nothing fills \{shelfId\}"):
            await Orphans(calls).one()
        assert not transport.requests

    async def test_priority_when_the_group_states_it(self) -> None:
        calls, _, _ = pipeline(BOX)
        seen: list[Priority | None] = []
        make = calls.call

        async def noting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            seen.append(kwargs["priority"])
            return await make(*args, **kwargs)

        calls.call = noting  # type: ignore[method-assign]
        await Boxes(calls, Priority.BULK).find(1)
        assert seen == [Priority.BULK]


class Orphans(Group, host="main", scope="goods", envelope=Boxes.envelope):
    """No account fills in its shelf."""

    @get("/shelves/{shelfId}")
    async def one(self) -> Box:
        """One."""
        raise NotImplementedError


class TestHosts:
    @pytest.mark.parametrize("host", ["main", "files"])
    async def test_request_when_the_host_is_known(self, host: str) -> None:
        assert (await sent(lambda it: it.ping(host), BOX)).url == f"https://{host}.example/ping"

    async def test_request_when_the_host_is_unknown(self) -> None:
        group, transport = boxes(BOX)
        with pytest.raises(InvalidInput, match="must be one of main, files") as caught:
            await group.ping("moon")
        assert (caught.value.method, caught.value.argument) == ("shelf.boxes.ping", "host")
        assert not transport.requests

    def test_endpoints_when_there_are_several(self) -> None:
        known = row(Boxes.ping)
        found = {host: (one.name, one.scope) for host, one in known.endpoints.items()}
        assert found == {
            "main": ("shelf.boxes.ping.main", "goods"),
            "files": ("shelf.boxes.ping.files", "media"),
        }
        assert all(one.single_attempt for one in known.endpoints.values())


class TestReplies:
    @pytest.mark.parametrize(
        ("call", "data", "value"),
        [
            (lambda it: it.name(1), "a", "a"),
            (lambda it: it.find(1), {"id": 1, "more": []}, Box(1)),
            (lambda it: it.find(1), None, None),
            (lambda it: it.some(ids=[1]), [{"id": 1}, {"id": 2}], [Box(1), Box(2)]),
            (lambda it: it.some(ids=[1]), [{"id": 1}, {"id": "x"}], [Box(1)]),
            (lambda it: it.nest("a"), {"id": 1}, Box(1)),
        ],
    )
    async def test_value_when_answered(self, call: Call, data: object, value: object) -> None:
        group, _ = boxes(json_response({"data": data}))
        assert await call(group) == value

    async def test_value_without_an_envelope(self) -> None:
        group, _ = boxes(json_response(["a", "b"]))
        assert await group.names() == ["a", "b"]

    async def test_value_when_the_response_is_an_acknowledgement(self) -> None:
        group, _ = boxes(Response(200, {}, b"whatever"))
        assert (await group.add("ab")) is None  # type: ignore[func-returns-value]

    async def test_value_when_the_envelope_has_an_error(self) -> None:
        group, _ = boxes(json_response({"error": "нельзя"}))
        with pytest.raises(BadRequest, match="нельзя"):
            await group.find(1)

    async def test_file_when_opened(self) -> None:
        group, transport = boxes(Response(200, {"content-type": "image/png"}, b"0123456789"))
        async with group.file(5) as file:
            assert file.content_type == "image/png"
            assert await file.read() == b"0123456789"
        assert url_of(transport.requests[0]) == "/boxes/5/file"

    async def test_rejection_when_it_has_details(self) -> None:
        group, _ = boxes(json_response({"missing": [5]}, 422), json_response({"error": "a"}, 422))
        with pytest.raises(Unprocessable) as caught:
            await group.stock(1, [Stock(5, 1)])
        assert caught.value.details == NoStock([5])
        with pytest.raises(Unprocessable) as caught:
            await group.stock(1, [Stock(5, 1)])
        assert caught.value.details is None

    async def test_rejection_when_it_means_not_found(self) -> None:
        group, _ = boxes(json_response({}, 409), json_response({}, 409))
        with pytest.raises(NotFound):
            await group.stock(1, [Stock(5, 1)])
        with pytest.raises(Conflict):
            await group.add("ab")

    async def test_call_when_single_attempt(self) -> None:
        group, transport = boxes(Response(429, {"retry": "5"}), BOX)
        with pytest.raises(RateLimited):
            await group.ping("main")
        assert len(transport.requests) == 1


WRONG: list[tuple[str, tuple[object, ...], dict[str, object], str, str, str]] = [
    ("find", (0,), {}, "box_id", "must be at least 1", "0"),
    ("find", ("1",), {}, "box_id", "must be an integer", "'1'"),
    ("find", (True,), {}, "box_id", "must be an integer", "True"),
    ("some", (), {"ids": []}, "ids", "must have 1 to 3 values", "[]"),
    ("some", (), {"ids": [1, 2, 3, 4]}, "ids", "must have 1 to 3 values", "[1, 2, 3, 4]"),
    ("some", (), {"ids": "123"}, "ids", "must be a collection", "'123'"),
    ("add", ("a",), {}, "text", "must have 2 to 10 characters", "'a'"),
    ("add", ("a" * 11,), {}, "text", "must have 2 to 10 characters", "'aaaaaaaaaaa'"),
    ("add", ("  ",), {}, "text", "must have a visible character", "'  '"),
    ("add", (None,), {}, "text", "must be a text", "None"),
    ("add", ("ab",), {"colour": "red"}, "colour", "must be one of Colour", "'red'"),
    ("add", ("ab",), {"at": date(2026, 5, 1)}, "at", "must be a datetime", "datetime.date"),
    ("add", ("ab",), {"at": AT.replace(tzinfo=None)}, "at", "must be aware", "2026-05-01T"),
    (
        "period",
        (),
        {"since": AT, "until": AT - timedelta(1)},
        "since",
        "not be after until",
        "2026-05-01T",
    ),
    ("period", (), {"day": AT}, "day", "must be a date", "2026-05-01T"),
    ("choose", (), {}, "nm_id", "or imt_id must be given, exactly one of them", "None"),
    ("choose", (), {"nm_id": 1, "imt_id": 2}, "nm_id", "exactly one of them", "1"),
    ("change", (), {}, "nm_id", "or imt_id must be given", "None"),
    ("change", (), {"nm_id": 7, "imt_id": 7}, "nm_id", "must not be 7 together", "7"),
    ("stock", (1, [Stock(1, 1), Stock(2, 101)]), {}, "stocks[1].amount", "from 0 to 100", "101"),
    ("stock", (1, []), {}, "stocks", "must have 1 to 9 values", "[]"),
    ("upload", (1, [Upload("a", b"0123456789")]), {}, "files", "at most 9 bytes", "Upload"),
    ("upload", (1, [b"0"]), {}, "files[0]", "must be of type Upload", "b'0'"),
]


class TestInvalidInput:
    @pytest.mark.parametrize(("name", "args", "kwargs", "argument", "rule", "value"), WRONG)
    async def test_call_when_an_argument_is_invalid(
        self,
        name: str,
        args: tuple[object, ...],
        kwargs: dict[str, object],
        argument: str,
        rule: str,
        value: str,
    ) -> None:
        group, transport = boxes(DONE)
        with pytest.raises(InvalidInput) as caught:
            await getattr(group, name)(*args, **kwargs)
        error = caught.value
        assert (error.method, error.argument) == (f"shelf.boxes.{name}", argument)
        assert rule in error.rule
        assert value in str(error)
        assert not transport.requests

    @pytest.mark.parametrize(
        ("args", "kwargs"),
        [
            ((), {}),
            ((), {"nm_id": 1}),
            (("ab", 5), {}),
            (("ab",), {"text": "ab"}),
            (("ab",), {"nmId": 5}),
            (("ab",), {"nm_id": 5, "wrong": 1}),
        ],
    )
    async def test_call_when_the_arguments_do_not_fit(
        self, args: tuple[object, ...], kwargs: dict[str, object]
    ) -> None:
        async def add(
            self: object,
            text: str,
            *,
            nm_id: object = None,
            sizes: object = None,
            at: object = None,
            colour: object = None,
            token: object = None,
        ) -> None:
            """Looks like the row, but is not one."""

        wanted = ""
        try:
            add(None, *args, **kwargs)  # type: ignore[arg-type,unused-coroutine]
        except TypeError as error:
            wanted = str(error).rpartition("add() ")[2]
        assert wanted
        group, transport = boxes(DONE)
        with pytest.raises(TypeError) as caught:
            await group.add(*args, **kwargs)  # type: ignore[arg-type]
        assert str(caught.value) == f"Boxes.add() {wanted}"
        assert not transport.requests

    def test_list_when_an_argument_is_invalid(self) -> None:
        calls, transport, _ = pipeline()
        lists = Lists(calls)
        with pytest.raises(InvalidInput, match="must be True or False"):
            lists.offset(is_open=1)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="unexpected keyword argument 'open'"):
            lists.offset(open=True)  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="missing 1 required positional argument: 'text'"):
            lists.token()  # type: ignore[call-arg]
        assert not transport.requests


class TestSecrets:
    async def test_argument_when_secret(self) -> None:
        group, transport = boxes(DONE)
        with pytest.raises(InvalidInput) as caught:
            await group.send("ab")
        assert caught.value.argument == "sign"
        assert "1 to 5 characters" in caught.value.rule
        assert "s3cret" not in repr(caught.value)
        assert "s3cret" not in str(caught.value)
        assert caught.value.__cause__ is None
        assert not transport.requests

    async def test_argument_when_a_rule_on_secrets_is_broken(self) -> None:
        group, _ = boxes(DONE)
        with pytest.raises(InvalidInput, match="exactly one of them") as caught:
            await group.sign(sign="s3cret", token="s3cret")
        assert "s3cret" not in str(caught.value)

    async def test_argument_when_a_secret_has_a_wrong_type(self) -> None:
        group, _ = boxes(DONE)
        with pytest.raises(InvalidInput) as caught:
            await group.add("ab", token=b"s3cret")  # type: ignore[arg-type]
        assert "s3cret" not in str(caught.value)


class TestInheritance:
    def test_endpoint_when_the_group_states_it(self) -> None:
        found = row(Boxes.find).endpoint
        assert (found.name, found.host, found.scope) == ("shelf.boxes.find", "main", "goods")
        assert (found.buckets, found.cost) == (("all",), Cost(by_class={4: 10}))
        assert (found.writes, found.idempotent, found.single_attempt) == (False, True, False)

    def test_endpoint_when_the_row_states_it(self) -> None:
        found = row(Boxes.upload).endpoint
        assert (found.host, found.scope, found.buckets) == ("files", "media", ("one", "two"))
        assert (found.cost, found.writes, found.idempotent) == (Cost(), True, False)
        read, put = row(Boxes.nest).endpoint, row(Boxes.stock).endpoint
        assert (read.writes, read.idempotent) == (False, True)
        assert (put.writes, put.idempotent, put.not_found) == (True, True, (409,))

    def test_bucket_when_the_group_states_none(self) -> None:
        assert row(Lists.offset).endpoint.buckets == ("lists.offset",)

    def test_rows_when_listed(self) -> None:
        names = [one.name for one in rows_of(Boxes, Words)]
        assert names[:2] == ["shelf.boxes.name", "shelf.boxes.find"]
        assert names[-2:] == ["shelf.boxes.delete", "words.word"]
        assert names.count("shelf.boxes.send") == 1  # the private row, by its public name
        assert [one.name for one in rows_of(Orphans)] == ["orphans.one"]


class TestTools:
    def test_signature_of_a_row(self) -> None:
        signature = inspect.signature(Boxes.some)
        assert list(signature.parameters) == ["self", "ids"]
        assert signature.parameters["ids"].kind is inspect.Parameter.KEYWORD_ONLY
        assert list(inspect.signature(boxes()[0].some).parameters) == ["ids"]

    def test_kind_of_a_row(self) -> None:
        assert inspect.iscoroutinefunction(Boxes.find)
        assert not inspect.iscoroutinefunction(Lists.offset)
        assert not inspect.iscoroutinefunction(Boxes.file)

    def test_help_of_a_row(self) -> None:
        text = pydoc.plain(pydoc.render_doc(Boxes.find))
        assert "find(self, box_id: " in text
        assert "Range(min=1" in text
        assert "box_id: Which box." in text
        assert (Boxes.find.__name__, Boxes.find.__qualname__) == ("find", "Boxes.find")
        assert Boxes.find.__module__ == "tests.wbym.calls.shelf"

    @pytest.mark.parametrize("other", [Boxes.send, len, lambda: None, Boxes])
    def test_decorator_when_the_function_is_invalid(self, other: Callable[..., object]) -> None:
        with pytest.raises(TypeError, match="is not an operation"):
            row(other)

    def test_row_when_the_method_is_bound(self) -> None:
        assert row(boxes()[0].find) is row(Boxes.find)

    def test_facts_when_parameters_are_read(self) -> None:
        text, nm_id, *_, token = row(Boxes.add).parameters
        assert (text.wire, text.location, text.default) == ("text", "body", msgspec.UNSET)
        assert (nm_id.wire, nm_id.location, nm_id.default) == ("nmID", "body", None)
        assert (token.location, token.is_secret, text.is_secret) == ("query", True, False)

    async def test_time_when_in_utc(self) -> None:
        request = await sent(lambda it: it.period(at=datetime(2026, 1, 1, tzinfo=UTC)))
        assert "at=2026-01-01T00%3A00%3A00Z" in request.url
