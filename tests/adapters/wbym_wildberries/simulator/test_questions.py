from __future__ import annotations

import pytest

from .conftest import Api, Json, Run, Time

LIST = "/api/v1/questions"


async def page(
    api: Api, answered: bool, take: int = 1000, skip: int = 0, **more: Json
) -> list[Json]:
    reply = await api.get(LIST, isAnswered=answered, take=take, skip=skip, **more)
    assert reply.status == 200, reply.raw
    rows: list[Json] = reply.json["data"]["questions"]
    return rows


async def test_list_and_counts(run: Run) -> None:
    simulator, api = await run()
    rows = await page(api, False)
    assert len(rows) == 20
    assert {row["state"] for row in rows} == {"suppliersPortalSynch"}
    assert all(row["answer"] is None and len(row["createdDate"]) == 30 for row in rows)
    answered = [row for row in await page(api, True) if row["state"] == "wbRu"]
    assert set(answered[0]["answer"]) == {"text", "editable", "createDate"}
    assert (await api.get(f"{LIST}/count")).json["data"] == 30  # isAnswered is true by default
    assert (await api.get(f"{LIST}/count", isAnswered=False)).json["data"] == 20
    data = (await api.get(f"{LIST}/count-unanswered")).json["data"]
    assert data["countUnanswered"] == 20
    assert (await api.get(LIST, take=1, skip=0)).json["errorText"] == "Плохой формат isAnswered"
    simulator.state.arrive_question(text="А есть синий?")
    assert (await page(api, False, 1))[0]["text"] == "А есть синий?"


async def test_take_and_skip_together_reach_ten_thousand(run: Run) -> None:
    _, api = await run(questions=12_000, open_share=0.1)
    assert len(await page(api, True, 1, 9_999)) == 1
    assert len(await page(api, True, 10_000, 0)) == 10_000
    reply = await api.get(LIST, isAnswered=True, take=2, skip=9_999)
    assert (reply.status, reply.json["error"]) == (400, True)


async def test_one_question_by_id(run: Run) -> None:
    _, api = await run()
    (row,) = await page(api, True, 1)
    assert (await api.get("/api/v1/question", id=row["id"])).json["data"] == row
    reply = await api.get("/api/v1/question", id="ljAVapEBL38RyMdRln61")
    assert (reply.status, reply.json["errorText"]) == (422, "Невозможно получить вопрос по id")


async def test_question_is_viewed_rejected_and_answered(run: Run) -> None:
    simulator, api = await run()
    first, second = await page(api, False, 2)
    done = {"data": None, "error": False, "errorText": "", "additionalErrors": None}
    reply = await api.send("PATCH", LIST, {"id": first["id"], "wasViewed": True})
    assert (reply.status, reply.json) == (200, done)
    body = {"id": first["id"], "answer": {"text": "Не по товару"}, "state": "none"}
    assert (await api.send("PATCH", LIST, body)).json == done
    assert (await api.send("PATCH", LIST, body)).json["errorText"][:10] == "Не удалось"
    body = {"id": second["id"], "answer": {"text": "Да, есть"}, "state": "wbRu"}
    assert (await api.send("PATCH", LIST, body)).json == done
    rows = {row["id"]: row for row in await page(api, True)}
    assert rows[first["id"]]["state"] == "none"
    assert rows[second["id"]]["answer"]["text"] == "Да, есть"
    assert simulator.stats.effects == {
        "question_view": 1,
        "question_reject": 1,
        "question_answer": 1,
    }


async def test_answer_is_edited_once_within_60_days(run: Run, time: Time) -> None:
    _, api = await run()
    first, second = await page(api, False, 2)

    async def answer(row: Json, text: str) -> int:
        body = {"id": row["id"], "answer": {"text": text}, "state": "wbRu"}
        status: int = (await api.send("PATCH", LIST, body)).status
        return status

    assert [await answer(first, t) for t in ("раз", "два", "три")] == [200, 200, 422]
    assert await answer(second, "раз") == 200
    time.passed += 61 * 86_400
    assert await answer(second, "два") == 422


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ({"id": "n5um6IUBQOOSTxXoo0gV", "wasViewed": True}, 404, "Не найден отзыв"),
        ({"id": "x", "answer": {"text": "да"}, "state": "wbRu"}, 404, "Не найден отзыв"),
        ({"id": "x"}, 400, "Something went wrong"),
        ({"id": "x", "answer": {"text": "да"}, "state": "new"}, 400, "Something went wrong"),
        ({"wasViewed": True}, 400, "Something went wrong"),
    ],
)
async def test_errors_have_the_feedbacks_shape(
    run: Run, body: Json, status: int, text: str
) -> None:
    _, api = await run()
    reply = await api.send("PATCH", LIST, body)
    assert (reply.status, reply.json["errorText"], reply.json["data"]) == (status, text, None)
