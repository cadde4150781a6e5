from __future__ import annotations

import io

import aiohttp
import pytest

from .conftest import START, Api, Json, Run, Time

CHATS = "/api/v1/seller/chats"
EVENTS = "/api/v1/seller/events"
MESSAGE = "/api/v1/seller/message"
NOW = int(START * 1000)
PNG = b"\x89PNG\r\n\x1a\n123"


async def read_all(api: Api, after: int | None = None) -> tuple[list[Json], list[Json]]:
    """Events and responses, read until `totalEvents` is 0."""
    events: list[Json] = []
    answers: list[Json] = []
    params = {} if after is None else {"next": after}
    while True:
        reply = await api.get(EVENTS, **params)
        assert reply.status == 200, reply.raw
        result = reply.json["result"]
        answers.append(result)
        if result["totalEvents"] == 0:
            return events, answers
        assert result["totalEvents"] == len(result["events"])
        events += result["events"]
        params = {"next": result["next"]}


async def post(api: Api, sign: str | None, text: str | None, *files: tuple[str, bytes]) -> Json:
    with aiohttp.MultipartWriter("form-data") as form:
        for name, value in (("replySign", sign), ("message", text)):
            if value is not None:
                form.append(value).set_content_disposition("form-data", name=name)
        for filename, content in files:
            part = form.append(io.BytesIO(content))
            part.set_content_disposition("form-data", name="file", filename=filename)
    return await api.call("POST", MESSAGE, data=form)


async def signs(api: Api) -> dict[str, str]:
    result = (await api.get(CHATS)).json["result"]
    return {chat["chatID"]: chat["replySign"] for chat in result}


async def test_list_of_chats(run: Run) -> None:
    _, api = await run()
    reply = await api.get(CHATS)
    assert set(reply.json) == {"result", "errors"}
    assert reply.json["errors"] is None
    chats = reply.json["result"]
    assert len(chats) == 9  # the tenth is only in events
    assert {"chatID", "replySign", "clientName", "goodCard", "lastMessage"} <= set(chats[0])
    assert all(len(chat["replySign"]) <= 255 for chat in chats)
    assert {"clientID" in chat for chat in chats} == {True, False}


async def test_feed_is_read_to_its_end_without_losing_ties(run: Run) -> None:
    simulator, api = await run(chats=30, events_per_chat=20)
    events, answers = await read_all(api)
    assert len({event["eventID"] for event in events}) == len(events) == 600
    assert len(answers[0]["events"]) > 50  # equal times crossed the border of the page
    assert answers[-1]["next"] == answers[-2]["next"]
    times = [event["addTimestamp"] for event in answers[0]["events"]]
    assert times != sorted(times)
    assert (min(times), max(times)) == (min(times), answers[0]["next"])
    assert answers[0]["newestEventTime"] > answers[0]["oldestEventTime"]
    assert simulator.state.chats.event_count == 600


async def test_events_have_the_published_oddities(run: Run) -> None:
    _, api = await run(chats=40, events_per_chat=20)
    events, _ = await read_all(api)
    assert {event["sender"] for event in events} == {"client", "seller", "wb"}
    new = [event for event in events if event.get("isNewChat")]
    assert len(new) == 40
    assert all(("replySign" in event) == ("isNewChat" in event) for event in events)
    assert any("message" not in event for event in events)
    assert any("text" not in event["message"] for event in events if "message" in event)
    listed = await signs(api)
    assert {event["chatID"] for event in events} > set(listed)
    rids = {chat["goodCard"]["rid"] for chat in (await api.get(CHATS)).json["result"]}
    claims = (await api.get("/api/v1/claims", is_archive=False)).json["claims"]
    assert rids & {claim["srid"] for claim in claims}


async def test_any_past_time_is_a_cursor(run: Run) -> None:
    _, api = await run()
    events, _ = await read_all(api)
    middle = sorted(event["addTimestamp"] for event in events)[60]
    later, _ = await read_all(api, middle)
    assert {e["eventID"] for e in later} == {
        e["eventID"] for e in events if e["addTimestamp"] > middle
    }
    assert len((await read_all(api, 1))[0]) == len(events)


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        ("0", 'Invalid value for "next"'),
        ("-5", 'Invalid value for "next"'),
        ("x", "Invalid number"),
    ],
)
async def test_invalid_cursor_is_400(run: Run, value: str, detail: str) -> None:
    _, api = await run()
    reply = await api.get(EVENTS, next=value)
    assert reply.status == 400
    assert set(reply.json) == {"status", "title", "origin", "detail", "requestId", "error"}
    assert (reply.json["origin"], reply.json["detail"]) == ("proxy-chats", detail)


async def test_cursors_are_rejected_on_demand(run: Run) -> None:
    simulator, api = await run()
    simulator.state.chats.reject_cursors(2)
    assert (await api.get(EVENTS)).status == 200
    assert [(await api.get(EVENTS, next=1)).status for _ in range(3)] == [400, 400, 200]


async def test_empty_feed_gives_a_cursor_that_works(run: Run) -> None:
    simulator, api = await run(chats=0)
    events, (answer,) = await read_all(api)
    assert (events, answer["next"]) == ([], NOW)
    event_id = simulator.state.arrive_message("Добрый день")  # in the same millisecond
    events, _ = await read_all(api, answer["next"])
    assert [event["eventID"] for event in events] == [event_id]


async def test_messages_arrive_while_reading(run: Run) -> None:
    simulator, api = await run()
    first = (await api.get(EVENTS)).json["result"]
    arrived = {simulator.state.arrive_message(f"Вопрос {n}", listed=False) for n in range(3)}
    rest, _ = await read_all(api, first["next"])
    assert arrived <= {event["eventID"] for event in rest}
    assert len(rest) + first["totalEvents"] == 123
    assert len(await signs(api)) == 9
    chat_id = next(iter(await signs(api)))
    simulator.state.arrive_message("Ещё", chat_id=chat_id, sender="wb", source=None)
    chats = {chat["chatID"]: chat for chat in (await api.get(CHATS)).json["result"]}
    assert chats[chat_id]["lastMessage"]["text"] == "Ещё"


async def test_sent_message_echoes_in_the_feed(run: Run, time: Time) -> None:
    simulator, api = await run()
    _, answers = await read_all(api)
    chat_id, sign = next(iter((await signs(api)).items()))
    reply = await post(api, sign, "Здравствуйте!", ("a.png", PNG), ("b.pdf", b"%PDF-1.7 x"))
    assert reply.status == 200
    assert reply.json == {"result": {"addTime": NOW, "chatID": chat_id}, "errors": []}
    (echo,), _ = await read_all(api, answers[-1]["next"])
    assert (echo["source"], echo["sender"]) == ("seller-public-api", "seller")
    assert (echo["chatID"], echo["message"]["text"]) == (chat_id, "Здравствуйте!")
    assert abs(echo["addTimestamp"] - NOW) < 1000
    attachments = echo["message"]["attachments"]
    assert attachments["files"][0]["contentType"] == "application/pdf"
    assert attachments["files"][0]["name"] == "b.pdf"
    image = await api.get(f"/api/v1/seller/download/{attachments['images'][0]['downloadID']}")
    assert (image.status, image.raw) == (200, PNG)
    assert image.headers["Content-Type"] == "image/png"
    (sent,) = simulator.state.sent
    assert (sent.text, sent.files) == ("Здравствуйте!", ("a.png", "b.pdf"))
    assert simulator.stats.effects == {"message": 1, "file": 2}


async def test_echo_may_be_late_and_the_response_may_have_a_sign(run: Run, time: Time) -> None:
    _, api = await run(echo_delay=30, sign_in_answer=True)
    _, answers = await read_all(api)
    sign = next(iter((await signs(api)).values()))
    assert (await post(api, sign, "Да")).json["result"]["sign"] == sign
    assert (await read_all(api, answers[-1]["next"]))[0] == []
    time.passed += 30
    ((echo,), _) = await read_all(api, answers[-1]["next"])
    assert echo["addTimestamp"] == NOW + 30_000


async def test_chat_is_listed_after_the_sellers_reply(run: Run) -> None:
    _, api = await run()
    events, _ = await read_all(api)
    listed = await signs(api)
    hidden = next(e for e in events if e.get("isNewChat") and e["chatID"] not in listed)
    assert (await post(api, hidden["replySign"], "Здравствуйте!")).status == 200
    assert hidden["chatID"] in await signs(api)


async def test_rotated_sign_is_rejected(run: Run) -> None:
    simulator, api = await run()
    chat_id, sign = next(iter((await signs(api)).items()))
    simulator.state.rotate_signs()
    reply = await post(api, sign, "Да")
    assert reply.status == 400
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.json["detail"] == reply.json["error"] == "Invalid signature"
    assert reply.json["origin"] == "proxy-chats"
    assert (await post(api, (await signs(api))[chat_id], "Да")).status == 200
    assert simulator.stats.effects["message"] == 1


@pytest.mark.parametrize(
    ("text", "files", "detail"),
    [
        ("я" * 1001, [], 'Invalid value for "message"'),
        (None, [], 'Invalid value for "message"'),
        ("", [], 'Invalid value for "message"'),
        ("а", [("a.gif", b"GIF89a")], '"a.gif" has unsupported mime type'),
        ("а", [("a.png", b"not a png")], '"a.png" has unsupported mime type'),
        ("а", [("a.png", PNG + bytes(5 * 1024 * 1024))], "attachment too big. Max size: 5MiB"),
        ("а", [("a.png", PNG + bytes(5 * 1024 * 1024 - 20))] * 7, "Max total size: 30MiB"),
    ],
)
async def test_message_is_rejected_with_a_reason(
    run: Run, text: Json, files: Json, detail: str
) -> None:
    simulator, api = await run()
    sign = next(iter((await signs(api)).values()))
    reply = await post(api, sign, text, *files)
    assert reply.status == 400
    assert detail in reply.json["detail"]
    assert simulator.stats.effects["message"] == 0


async def test_message_is_rejected_when_form_or_sign_is_invalid(run: Run) -> None:
    _, api = await run()
    assert (await post(api, None, "а")).json["detail"] == "Invalid signature"
    assert (await post(api, "1" * 256, "а")).json["detail"] == "Invalid signature"
    reply = await api.send("POST", MESSAGE, {"replySign": "x", "message": "а"})
    assert (reply.status, "multipart" in reply.json["detail"]) == (400, True)


async def test_message_of_max_length_and_single_file_are_accepted(run: Run) -> None:
    _, api = await run()
    sign = next(iter((await signs(api)).values()))
    assert (await post(api, sign, "я" * 1000)).status == 200
    big = PNG + bytes(5 * 1024 * 1024 - len(PNG))
    assert (await post(api, sign, None, ("a.png", big))).status == 200


async def test_success_may_include_errors_of_files(run: Run) -> None:
    simulator, api = await run()
    sign = next(iter((await signs(api)).values()))
    simulator.state.chats.reject_files()
    reply = await post(api, sign, "Смотрите", ("a.png", PNG))
    assert (reply.status, len(reply.json["errors"])) == (200, 1)
    assert simulator.state.sent[0].files == ()


async def test_file_is_moderated(run: Run, time: Time) -> None:
    simulator, api = await run(moderation=60)
    sign = next(iter((await signs(api)).values()))
    before = set(simulator.state.chats.files)
    await post(api, sign, None, ("a.png", PNG))
    (download_id,) = set(simulator.state.chats.files) - before
    path = f"/api/v1/seller/download/{download_id}"
    waiting = await api.get(path)
    assert (waiting.status, waiting.json) == (
        202,
        {"moderationState": "pending", "retrySeconds": 30},
    )
    time.passed += 60
    assert (await api.get(path)).status == 200
    simulator.state.chats.files[download_id].rejected = True
    rejected = await api.get(path)
    assert (rejected.status, rejected.json["detail"]) == (451, "moderation error")
    assert rejected.headers["Content-Type"] == "application/problem+json"
    unknown = await api.get("/api/v1/seller/download/nothing")
    assert (unknown.status, unknown.json["title"]) == (400, "invalid fileID")
