from __future__ import annotations

from datetime import datetime

import pytest

from .conftest import START, Api, Json, Run, Time

LIST = "/api/v1/feedbacks"
ANSWER = "/api/v1/feedbacks/answer"
DAY = 86_400


async def page(
    api: Api, answered: bool, take: int = 5000, skip: int = 0, **more: Json
) -> list[Json]:
    reply = await api.get(LIST, isAnswered=answered, take=take, skip=skip, **more)
    assert reply.status == 200, reply.raw
    rows: list[Json] = reply.json["data"]["feedbacks"]
    return rows


def unix(row: Json) -> int:
    return int(datetime.fromisoformat(row["createdDate"]).timestamp())


async def test_two_passes_give_every_feedback_once(run: Run) -> None:
    _, api = await run(feedbacks=700)
    seen = []
    for answered in (False, True):
        for skip in range(0, 800, 100):
            seen += [row["id"] for row in await page(api, answered, 100, skip)]
    assert len(seen) == len(set(seen)) == 700


async def test_envelope_and_record_have_the_published_fields(run: Run) -> None:
    _, api = await run(feedbacks=400)
    reply = await api.get(LIST, isAnswered=True, take=300, skip=0)
    assert set(reply.json) == {"data", "error", "errorText", "additionalErrors"}
    assert set(reply.json["data"]) == {"countUnanswered", "countArchive", "feedbacks"}
    assert reply.json["data"]["countUnanswered"] == 160
    assert reply.json["data"]["countArchive"] == 240
    rows = reply.json["data"]["feedbacks"]
    fields = {
        "id",
        "text",
        "pros",
        "cons",
        "productValuation",
        "createdDate",
        "answer",
        "state",
        "productDetails",
        "video",
        "wasViewed",
        "photoLinks",
        "userName",
        "orderStatus",
        "matchingSize",
        "isAbleSupplierFeedbackValuation",
        "supplierFeedbackValuation",
        "isAbleSupplierProductValuation",
        "supplierProductValuation",
        "isAbleReturnProductOrders",
        "returnProductOrdersDate",
        "bables",
        "lastOrderShkId",
        "lastOrderCreatedAt",
        "color",
        "subjectId",
        "subjectName",
        "parentFeedbackId",
        "childFeedbackId",
    }
    assert all(set(row) == fields for row in rows)
    answered = [row for row in rows if row["answer"] is not None]
    assert 0 < len(answered) < len(rows) / 4  # "processed" is not "answered"
    assert {type(row["photoLinks"]) for row in rows} == {list, type(None)}
    assert {row["createdDate"][19:] for row in rows} == {"+03:00", "Z"}


async def test_parent_and_child_point_at_each_other(run: Run) -> None:
    _, api = await run(feedbacks=400)
    rows = {row["id"]: row for flag in (True, False) for row in await page(api, flag)}
    children = [row for row in rows.values() if row["parentFeedbackId"]]
    assert children
    for row in children:
        assert rows[row["parentFeedbackId"]]["childFeedbackId"] == row["id"]


async def test_order_is_newest_first_by_default(run: Run) -> None:
    _, api = await run()
    newest = await page(api, True)
    oldest = await page(api, True, order="dateAsc")
    assert [row["id"] for row in newest] == [row["id"] for row in oldest][::-1]
    assert sorted(map(unix, oldest)) == list(map(unix, oldest))


async def test_dates_are_seconds_and_both_ends_are_included(run: Run) -> None:
    _, api = await run()
    rows = await page(api, True, order="dateAsc")
    low, high = unix(rows[10]), unix(rows[20])
    part = await page(api, True, order="dateAsc", dateFrom=low, dateTo=high)
    expected = [row["id"] for row in rows if low <= unix(row) <= high]
    assert [row["id"] for row in part] == expected
    assert len(expected) >= 11
    count = await api.get(f"{LIST}/count", isAnswered=True, dateFrom=low, dateTo=high)
    assert count.json["data"] == len(expected)


async def test_item_filter(run: Run) -> None:
    _, api = await run()
    rows = await page(api, False)
    nm_id = rows[0]["productDetails"]["nmId"]
    part = await page(api, False, nmId=nm_id)
    assert [r["id"] for r in part] == [
        r["id"] for r in rows if r["productDetails"]["nmId"] == nm_id
    ]


@pytest.mark.parametrize(
    ("params", "text"),
    [
        ({"take": 1, "skip": 0}, "Плохой формат isAnswered"),
        ({"isAnswered": "maybe", "take": 1, "skip": 0}, "Плохой формат isAnswered"),
        ({"isAnswered": "true", "skip": 0}, "Плохой формат take"),
        ({"isAnswered": "true", "take": 5001, "skip": 0}, "Плохой формат take"),
        ({"isAnswered": "true", "take": 1}, "Плохой формат skip"),
        ({"isAnswered": "true", "take": 1, "skip": 199_991}, "Плохой формат skip"),
        ({"isAnswered": "true", "take": 1, "skip": 0, "order": "up"}, "Плохой формат order"),
        ({"isAnswered": "true", "take": 1, "skip": 0, "dateFrom": "x"}, "Плохой формат dateFrom"),
        ({"isAnswered": "true", "take": 1, "skip": 0, "dateTo": "1.5"}, "Плохой формат dateTo"),
    ],
)
async def test_invalid_parameter_is_400(run: Run, params: Json, text: str) -> None:
    _, api = await run()
    reply = await api.get(LIST, **params)
    assert reply.status == 400
    assert {**reply.json, "requestId": ""} == {
        "data": None,
        "error": True,
        "errorText": text,
        "additionalErrors": None,
        "requestId": "",
    }
    assert len(reply.json["requestId"]) == 36


async def test_depth_is_as_documented_or_less(run: Run) -> None:
    _, api = await run()
    assert await page(api, True, 5000, 199_990) == []
    _, api = await run(feedbacks_depth=20)
    assert len(await page(api, True, 10, 10)) == 10
    assert await page(api, True, 10, 20) == []


async def test_archive_has_no_dates_and_no_counts(run: Run) -> None:
    _, api = await run()
    reply = await api.get(f"{LIST}/archive", take=5000, skip=0, dateFrom=int(START))
    assert set(reply.json["data"]) == {"feedbacks"}
    assert len(reply.json["data"]["feedbacks"]) == 120


async def test_one_feedback_by_id(run: Run) -> None:
    _, api = await run()
    (row,) = await page(api, False, 1)
    assert (await api.get("/api/v1/feedback", id=row["id"])).json["data"] == row
    for wrong in ("nope", "AAAAAAAAAAAAAAAAAAAA", ""):
        reply = await api.get("/api/v1/feedback", id=wrong)
        assert (reply.status, reply.json["errorText"]) == (422, "Невозможно получить отзыв по id")


async def test_counts(run: Run) -> None:
    simulator, api = await run()
    simulator.state.arrive_feedback()
    data = (await api.get(f"{LIST}/count-unanswered")).json["data"]
    assert data["countUnanswered"] == 81
    assert 1 <= data["countUnansweredToday"] < 20
    seen = (await api.get("/api/v1/new-feedbacks-questions")).json["data"]
    assert seen == {"hasNewQuestions": True, "hasNewFeedbacks": True}
    processed = (await api.get(f"{LIST}/count", isAnswered=True)).json["data"]
    assert (await api.get(f"{LIST}/count")).json["data"] == processed > 0


async def test_answer_moves_the_feedback_and_counts_once(run: Run) -> None:
    simulator, api = await run()
    (row,) = await page(api, False, 1)
    for _ in range(2):
        reply = await api.send("POST", ANSWER, {"id": row["id"], "text": "Спасибо!"})
        assert (reply.status, reply.raw) == (204, b"")
    assert row["id"] not in {r["id"] for r in await page(api, False)}
    found = {r["id"]: r for r in await page(api, True)}[row["id"]]
    assert found["answer"] == {"text": "Спасибо!", "state": "wbRu", "editable": True}
    assert found["state"] == "wbRu"
    assert simulator.stats.effects["answer"] == 1
    assert simulator.stats.ignored["answer"] == 1
    assert [w.text for w in simulator.state.written] == ["Спасибо!"]


async def test_answer_to_an_unknown_id_is_204_without_effect(run: Run) -> None:
    simulator, api = await run()
    reply = await api.send("POST", ANSWER, {"id": "J2FMRjUj6hwvwCElqssz", "text": "Спасибо!"})
    assert reply.status == 204
    assert simulator.stats.effects["answer"] == 0


@pytest.mark.parametrize(
    ("data", "kind", "detail"),
    [
        (b"{}", None, "content-type header not specified"),
        (b"{}", "u", "content-type is not a valid mime-type: u"),
        (b"{}", "application/javascript", "not a json content-type: application/javascript"),
        (b"{", "application/json", "Неверный синтаксис JSON"),
        ('{"id":"x","text":"Я"}'.encode(), "application/json", "text length"),
        (b'{"id":"x","text":"' + b"a" * 5001 + b'"}', "application/json", "text length"),
        (b'{"text":"abc"}', "application/json", "id"),
    ],
)
async def test_answer_is_400_when_malformed(run: Run, data: bytes, kind: Json, detail: str) -> None:
    _, api = await run()
    headers = {"Content-Type": kind} if kind else {}
    skip = [] if kind else ["Content-Type"]
    reply = await api.call("POST", ANSWER, data=data, headers=headers, skip_auto_headers=skip)
    assert reply.status == 400
    assert set(reply.json) == {"title", "requestId", "origin", "detail"}
    assert (reply.json["title"], reply.json["origin"]) == ("bad request", "fbapi")
    assert detail in reply.json["detail"]


async def test_answer_is_edited_once(run: Run) -> None:
    simulator, api = await run()
    (row,) = await page(api, False, 1)
    await api.send("POST", ANSWER, {"id": row["id"], "text": "Спасибо!"})
    for text in ("Спасибо вам!", "Ещё раз"):
        reply = await api.send("PATCH", ANSWER, {"id": row["id"], "text": text})
        assert reply.status == 204
    answer = (await api.get("/api/v1/feedback", id=row["id"])).json["data"]["answer"]
    assert (answer["text"], answer["editable"]) == ("Спасибо вам!", False)
    assert (simulator.stats.effects["edit"], simulator.stats.ignored["edit"]) == (1, 1)


async def test_answer_cannot_be_edited_after_60_days(run: Run, time: Time) -> None:
    simulator, api = await run()
    (row,) = await page(api, False, 1)
    await api.send("POST", ANSWER, {"id": row["id"], "text": "Спасибо!"})
    time.passed += 60 * DAY + 1
    assert (await api.send("PATCH", ANSWER, {"id": row["id"], "text": "Поздно"})).status == 204
    answer = (await api.get("/api/v1/feedback", id=row["id"])).json["data"]["answer"]
    assert (answer["text"], answer["editable"]) == ("Спасибо!", False)
    assert simulator.stats.effects["edit"] == 0


async def test_answer_waits_in_moderation_or_is_rejected(run: Run, time: Time) -> None:
    simulator, api = await run(moderation=600)
    first, second = await page(api, False, 2)
    for row in (first, second):
        await api.send("POST", ANSWER, {"id": row["id"], "text": "Спасибо!"})

    async def state(row: Json) -> str:
        data = (await api.get("/api/v1/feedback", id=row["id"])).json["data"]
        return str(data["answer"]["state"])

    assert await state(first) == "reviewRequired"
    simulator.state.feedbacks.reject_answer(second["id"])
    time.passed += 600
    assert (await state(first), await state(second)) == ("wbRu", "rejected")


async def test_return_of_the_item(run: Run) -> None:
    simulator, api = await run(feedbacks=300)
    rows = await page(api, True)
    able = next(row for row in rows if row["isAbleReturnProductOrders"])
    unable = next(
        row
        for row in rows
        if not row["isAbleReturnProductOrders"] and not row["returnProductOrdersDate"]
    )
    path = f"{LIST}/order/return"
    done = await api.send("POST", path, {"feedbackId": able["id"]})
    assert (done.status, done.json["data"]) == (200, {})
    again = await api.send("POST", path, {"feedbackId": able["id"]})
    assert (again.status, again.json["errorText"][:19]) == (422, "Не удалось выполнит")
    rejected = await api.send("POST", path, {"feedbackId": unable["id"]})
    assert (rejected.status, rejected.json["errorText"][:12]) == (422, "Request for ")
    unknown = await api.send("POST", path, {"feedbackId": "absdfgerrrfff1234"})
    assert (unknown.status, unknown.json["errorText"]) == (400, "Неправильный id в запросе")
    assert simulator.stats.effects["return"] == 1


async def test_feedbacks_arrive_late_vanish_and_return(run: Run) -> None:
    simulator, api = await run()
    late = simulator.state.arrive_feedback(ago=2 * DAY, text="Поздний отзыв", productValuation=2)
    rows = await page(api, False)
    place = [row["id"] for row in rows].index(late)
    assert place > 0
    assert (rows[place]["text"], unix(rows[place])) == ("Поздний отзыв", START - 2 * DAY)
    assert sorted(map(unix, rows), reverse=True) == list(map(unix, rows))
    simulator.state.feedbacks.hide(late)
    assert late not in {row["id"] for row in await page(api, False)}
    simulator.state.feedbacks.show(late)
    assert [row["id"] for row in await page(api, False)].index(late) == place


async def test_pages_follow_a_change(run: Run) -> None:
    simulator, api = await run()
    before = await page(api, False, 10)
    fresh = simulator.state.arrive_feedback()
    assert [r["id"] for r in await page(api, False, 10)] == [fresh, *[r["id"] for r in before[:9]]]
