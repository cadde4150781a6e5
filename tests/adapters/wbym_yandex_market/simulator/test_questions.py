from __future__ import annotations

from datetime import datetime

import pytest

from .conftest import Api, Json, Reply, Run, Time, reason

LIST = "/v1/businesses/1001/goods-questions"


async def read(api: Api, **body: Json) -> list[Json]:
    return list(await api.read_all(LIST, "questions", body, limit=50))


def ids(questions: list[Json]) -> list[int]:
    return [question["questionIdentifiers"]["id"] for question in questions]


async def update(api: Api, operation: str, text: Json = None, **entity: Json) -> Reply:
    body: Json = {"operationType": operation}
    if text is not None:
        body["text"] = text
    for name, (kind, identifier) in entity.items():
        body["parentEntityId" if name == "parent" else "entityId"] = {
            "id": identifier,
            "type": kind,
        }
    return await api.questions("/update", body)


async def answers(api: Api, question: int) -> list[Json]:
    return list(await api.read_all(f"{LIST}/answers", "answers", {"questionId": question}))


async def test_list_is_sorted_counted_and_paged(run: Run) -> None:
    _, api = await run(questions=70)
    questions = await read(api)
    assert len(set(ids(questions))) == 70
    assert ids(await read(api, sort="CREATED_AT_ASC")) == ids(questions)[::-1]
    times = [datetime.fromisoformat(question["createdAt"]) for question in questions]
    assert times == sorted(times, reverse=True)
    reply = await api.questions(limit=3)
    assert reply.json["result"]["totalCount"] == 70
    assert reason(await api.questions(limit=51))[0] == 400


async def test_filters(run: Run) -> None:
    simulator, api = await run()
    questions = await read(api)
    category = questions[0]["questionIdentifiers"]["categoryId"]
    assert await read(api, categoryIds=[category]) == [
        q for q in questions if q["questionIdentifiers"].get("categoryId") == category
    ]
    some = ids(questions)[4:7]
    assert ids(await read(api, questionIds=some)) == some
    waiting = await api.questions("", {"needAnswer": True}, limit=50)
    total = waiting.json["result"]["totalCount"]
    assert total == len(waiting.json["result"]["questions"])
    assert total == simulator.state.records()["questions_unanswered"] == 20


async def test_period_has_whole_days_and_is_limited_to_a_month(run: Run) -> None:
    _, api = await run(questions=300, question_days=80)
    assert len(await read(api)) < 150
    day = {"dateFrom": "2026-09-10", "dateTo": "2026-09-10"}
    assert {q["createdAt"][:10] for q in await read(api, **day)} == {"2026-09-10"}
    assert len(await read(api, dateFrom="2026-08-01", dateTo="2026-09-01")) > 50
    bodies: list[Json] = [
        {"dateFrom": "2026-07-31", "dateTo": "2026-09-01"},
        {"dateFrom": "2026-08-20"},
        {"dateFrom": "2026-09-02", "dateTo": "2026-09-01"},
        {"dateFrom": "2026-09-02T00:00:00Z"},
        {"questionIds": [0]},
        {"questionIds": []},
        {"sort": "DESC"},
    ]
    for wrong in bodies:
        assert reason(await api.questions("", wrong))[0] == 400, wrong


async def test_answer_is_created_changed_and_deleted(run: Run, time: Time) -> None:
    simulator, api = await run(moderation=10)
    question = simulator.state.arrive_question("Сколько весит?")
    assert question in ids(await read(api, needAnswer=True))
    made = await update(api, "CREATE", "Кило", parent=("QUESTION", question))
    entity = made.json["result"]["entity"]
    assert entity["type"] == "ANSWER"
    (answer,) = await answers(api, question)
    assert (answer["status"], answer["canModify"], answer["text"]) == ("UNMODERATED", True, "Кило")
    assert question not in ids(await read(api, needAnswer=True))
    time.passed += 10
    assert (await answers(api, question))[0]["status"] == "PUBLISHED"
    own = ("ANSWER", entity["id"])
    assert (await update(api, "UPDATE", "Два", entity=own)).json == {"status": "OK"}
    assert (await answers(api, question))[0]["text"] == "Два"
    assert (await update(api, "DELETE", entity=own)).json == {"status": "OK"}
    assert (await answers(api, question))[0]["status"] == "DELETED"
    assert question in ids(await read(api, needAnswer=True))
    assert reason(await update(api, "DELETE", entity=own))[0] == 400
    assert simulator.stats.effects == {"answer": 1, "answer_edit": 1, "answer_delete": 1}
    assert [written.text for written in simulator.state.written] == ["Кило", "Два", ""]


async def test_comment_belongs_to_an_answer(run: Run) -> None:
    simulator, api = await run()
    question = simulator.state.arrive_question()
    first = await update(api, "CREATE", "Да", parent=("QUESTION", question))
    answer = first.json["result"]["entity"]["id"]
    await update(api, "CREATE", "Кстати", parent=("ANSWER", answer))
    made = await update(api, "CREATE", "Кстати", parent=("ANSWER", answer))  # makes another
    entity = made.json["result"]["entity"]
    assert entity["type"] == "COMMENT"
    (shown,) = await answers(api, question)
    assert [comment["text"] for comment in shown["comments"]] == ["Кстати"] * 2
    assert shown["comments"][0]["answerId"] == answer
    own = ("COMMENT", entity["id"])
    assert (await update(api, "UPDATE", "Ещё", entity=own)).status == 200
    (shown,) = await answers(api, question)
    assert [comment["text"] for comment in shown["comments"]] == ["Кстати", "Ещё"]
    assert simulator.stats.effects == {"answer": 1, "answer_comment": 2, "answer_comment_edit": 1}
    by_id = await api.questions("/answers", {"answerIds": [answer, 5]})
    assert [one["id"] for one in by_id.json["result"]["answers"]] == [answer]
    wrong = {"answerIds": [answer], "questionId": ids(await read(api))[5]}
    assert (await api.questions("/answers", wrong)).json["result"]["answers"] == []


@pytest.mark.parametrize(
    ("operation", "text", "entity", "status"),
    [
        ("CREATE", "Да", {}, 400),
        ("CREATE", None, {"parent": ("QUESTION", "own")}, 400),
        ("CREATE", "Да", {"parent": ("COMMENT", 5)}, 400),
        ("CREATE", "Да", {"parent": ("QUESTION", 5)}, 404),
        ("CREATE", "Да", {"parent": ("ANSWER", 5)}, 404),
        ("CREATE", "", {"parent": ("QUESTION", "own")}, 400),
        ("CREATE", "я" * 5001, {"parent": ("QUESTION", "own")}, 400),
        ("CREATE", "я" * 5000, {"parent": ("QUESTION", "own")}, 200),
        ("UPDATE", "Да", {}, 400),
        ("UPDATE", "Да", {"entity": ("QUESTION", "own")}, 400),
        ("UPDATE", "Да", {"entity": ("ANSWER", 5)}, 404),
        ("DELETE", None, {"entity": ("QUESTION", "own")}, 400),
        ("DELETE", None, {}, 400),
        ("MERGE", "Да", {"parent": ("QUESTION", "own")}, 400),
    ],
)
async def test_invalid_update_is_rejected(
    run: Run, operation: str, text: Json, entity: Json, status: int
) -> None:
    simulator, api = await run()
    own = simulator.state.arrive_question()
    given = {name: (kind, own if at == "own" else at) for name, (kind, at) in entity.items()}
    reply = await update(api, operation, text, **given)
    assert reply.status == status
    if status != 200:
        assert reason(reply)[1]
        assert not simulator.stats.effects


async def test_answer_of_a_buyer_cannot_be_changed(run: Run) -> None:
    simulator, api = await run(questions=100)
    theirs = next(one for one in simulator.state.questions.answers.values() if one.by == "USER")
    assert reason(await update(api, "UPDATE", "Нет", entity=("ANSWER", theirs.id)))[0] == 400
    assert reason(await api.questions("/answers", {}))[0] == 400
    assert reason(await api.questions("/answers", {"questionId": 5}))[0] == 404
