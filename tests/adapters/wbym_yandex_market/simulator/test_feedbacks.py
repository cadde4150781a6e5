from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from .conftest import START, Api, Json, Reply, Run, Time, reason

LIST = "/v2/businesses/1001/goods-feedback"
NOW = datetime.fromtimestamp(START, UTC)


async def read(api: Api, **body: Json) -> list[Json]:
    return list(await api.read_all(LIST, "feedbacks", body, limit=50))


async def one(api: Api, identifier: int) -> Json:
    (found,) = await read(api, feedbackIds=[identifier])
    return found


async def comment(api: Api, identifier: int, text: str = "Спасибо!", **more: Json) -> Reply:
    body = {"feedbackId": identifier, "comment": {"text": text, **more}}
    return await api.post(f"{LIST}/comments/update", body)


async def comments(api: Api, identifier: int) -> list[Json]:
    return list(await api.read_all(f"{LIST}/comments", "comments", {"feedbackId": identifier}))


def when(feedback: Json) -> datetime:
    return datetime.fromisoformat(feedback["createdAt"])


async def test_list_is_read_to_its_end_oldest_first(run: Run) -> None:
    simulator, api = await run(feedbacks=130)
    feedbacks = await read(api)
    assert len({feedback["feedbackId"] for feedback in feedbacks}) == 130
    assert [when(f) for f in feedbacks] == sorted(when(f) for f in feedbacks)
    assert len((await api.post(LIST, {})).json["result"]["feedbacks"]) == 25
    assert reason(await api.post(LIST, {}, limit=51))[0] == 400
    last = await api.post(LIST, {}, limit=50, pageToken="OjA")
    assert reason(last)[0] == 400
    assert simulator.state.records()["feedbacks_waiting"] == 52


async def test_feedbacks_arrive_while_reading(run: Run) -> None:
    simulator, api = await run(feedbacks=60)
    first = (await api.post(LIST, {}, limit=50)).json["result"]
    late = simulator.state.arrive_feedback(author="Ян")
    old = simulator.state.arrive_feedback(ago=86_400 * 160)
    token = first["paging"]["nextPageToken"]
    rest = await api.read_all(LIST, "feedbacks", {}, limit=50, pageToken=token)
    ids = [feedback["feedbackId"] for feedback in rest]
    assert (len(ids), ids[-1]) == (11, late)
    assert old not in ids  # its position was already passed
    assert old in {feedback["feedbackId"] for feedback in await read(api)}
    assert (await one(api, late))["author"] == "Ян"


async def test_both_ends_of_the_period_are_excluded(run: Run) -> None:
    _, api = await run()
    everything = await read(api)
    middle = when(everything[100])
    text = middle.isoformat()
    before = await read(api, dateTimeTo=text)
    after = await read(api, dateTimeFrom=text)
    same = [f for f in everything if when(f) == middle]
    assert same
    assert len(before) + len(after) == len(everything) - len(same)
    around = await read(
        api,
        dateTimeFrom=(middle - timedelta(milliseconds=1)).isoformat(),
        dateTimeTo=(middle + timedelta(milliseconds=1)).isoformat(),
    )
    assert around == same


async def test_some_feedbacks_are_exactly_on_an_hour(run: Run) -> None:
    _, api = await run()
    feedbacks = await read(api)
    assert sum(when(f).minute == when(f).second == 0 for f in feedbacks) > 10
    assert len({when(f) for f in feedbacks}) < len(feedbacks)


async def test_period_defaults_to_the_max_of_six_months(run: Run) -> None:
    simulator, api = await run(feedbacks=400, feedback_days=400)
    assert reason(await api.post(LIST, {"dateTimeFrom": "2026-03-21T14:13:19Z"}))[0] == 400
    half = await read(api)
    assert half == await read(api, dateTimeFrom="2026-03-21T14:13:20Z")
    assert 100 < len(half) < 300
    older = await read(api, dateTimeTo="2026-03-21T14:13:20Z")
    oldest = await read(api, dateTimeTo="2025-09-21T14:13:20Z")
    total = len(half) + len(older) + len(oldest)
    assert total == simulator.state.records()["feedbacks"] == 400


WRONG: list[Json] = [
    {"dateTimeFrom": "2026-09-01T00:00:00"},
    {"dateTimeFrom": "2026-09-01"},
    {"dateTimeFrom": "2026-09-02T00:00:00Z", "dateTimeTo": "2026-09-01T00:00:00Z"},
    {"dateTimeFrom": "2025-09-01T00:00:00Z", "dateTimeTo": "2026-09-01T00:00:00Z"},
    {"ratingValues": [6]},
    {"ratingValues": []},
    {"ratingValues": [1, 1]},
    {"offerIds": ["x"] * 2},
    {"offerIds": [str(n) for n in range(21)]},
    {"reactionStatus": "NEED"},
    {"feedbackIds": [1], "paid": True},
    {"feedbackIds": list(range(1, 52))},
]


async def test_invalid_filter_is_400(run: Run) -> None:
    _, api = await run()
    for body in WRONG:
        assert reason(await api.post(LIST, body))[0] == 400, body


async def test_filters(run: Run) -> None:
    _, api = await run()
    everything = await read(api)
    waiting = await read(api, reactionStatus="NEED_REACTION")
    assert waiting == [f for f in everything if f["needReaction"]]
    bad = await read(api, ratingValues=[1, 2])
    assert bad == [f for f in everything if f["statistics"]["rating"] < 3]
    sku = everything[0]["identifiers"]["offerId"]
    assert await read(api, offerIds=[f" {sku} "]) == [
        f for f in everything if f["identifiers"]["offerId"] == sku
    ]
    paid = await read(api, paid=True)
    assert paid == [f for f in everything if f["statistics"].get("paidAmount")]
    assert len(paid) + len(await read(api, paid=False)) == len(everything)
    ids = [everything[3]["feedbackId"], everything[9]["feedbackId"], 5]
    assert [f["feedbackId"] for f in await read(api, feedbackIds=ids)] == ids[:2]
    assert await read(api, reactionStatus="ALL") == everything


async def test_comment_is_created_each_time(run: Run) -> None:
    simulator, api = await run()
    identifier = simulator.state.arrive_feedback()
    assert (await one(api, identifier))["needReaction"]
    made = [(await comment(api, identifier)).json["result"] for _ in range(2)]
    assert made[0]["id"] != made[1]["id"]
    assert made[0]["author"] == {"type": "BUSINESS", "name": simulator.state.name}
    assert (made[0]["status"], made[0]["canModify"]) == ("PUBLISHED", True)
    assert await comments(api, identifier) == made
    after = await one(api, identifier)
    assert (after["needReaction"], after["statistics"]["commentsCount"]) == (False, 2)
    assert simulator.stats.effects == {"comment": 2}
    assert [written.text for written in simulator.state.written] == ["Спасибо!"] * 2


async def test_reply_edit_and_delete(run: Run) -> None:
    simulator, api = await run()
    identifier = simulator.state.arrive_feedback()
    theirs = simulator.state.feedbacks.arrive_comment(identifier, "А гарантия?")
    reply = (await comment(api, identifier, "Год", parentId=theirs)).json["result"]
    assert reply["parentId"] == theirs
    assert (await one(api, identifier))["statistics"]["commentsCount"] == 1
    edited = (await comment(api, identifier, "Два", id=reply["id"], parentId=theirs)).json["result"]
    assert (edited["id"], edited["text"]) == (reply["id"], "Два")
    deleted = await api.post(f"{LIST}/comments/delete", {"id": reply["id"]})
    assert deleted.json == {"status": "OK"}
    assert [one["status"] for one in await comments(api, identifier)] == ["PUBLISHED", "DELETED"]
    assert simulator.stats.effects == {"comment": 1, "comment_edit": 1, "comment_delete": 1}
    for more in ({"id": reply["id"]}, {"id": theirs}):
        assert reason(await comment(api, identifier, "Три", **more))[0] == 400
    assert reason(await api.post(f"{LIST}/comments/delete", {"id": theirs}))[0] == 400
    assert reason(await api.post(f"{LIST}/comments/delete", {"id": 5}))[0] == 404


async def test_comment_is_rejected_when_an_id_or_text_is_invalid(run: Run) -> None:
    simulator, api = await run()
    first, second = simulator.state.arrive_feedback(), simulator.state.arrive_feedback()
    made = (await comment(api, first, "я" * 4096)).json["result"]["id"]
    assert reason(await comment(api, 5))[0] == 404
    assert reason(await comment(api, second, id=made))[0] == 404
    assert reason(await comment(api, second, parentId=made))[0] == 404
    assert reason(await comment(api, first, "я" * 4097))[0] == 400
    assert reason(await comment(api, first, ""))[0] == 400
    assert reason(await api.post(f"{LIST}/comments/update", {"feedbackId": first}))[0] == 400
    assert simulator.stats.effects == {"comment": 1}


async def test_comments_are_read_by_feedback_or_by_id(run: Run) -> None:
    simulator, api = await run()
    identifier = simulator.state.arrive_feedback()
    ids = [(await comment(api, identifier, str(n))).json["result"]["id"] for n in range(3)]
    path = f"{LIST}/comments"
    by_ids = await api.read_all(path, "comments", {"commentIds": [ids[2], ids[0], 5]}, limit=1)
    assert [comment["text"] for comment in by_ids] == ["0", "2"]
    assert reason(await api.post(path, {}))[0] == 400
    both = {"feedbackId": identifier, "commentIds": ids}
    assert reason(await api.post(path, both))[0] == 400
    assert reason(await api.post(path, {"feedbackId": 5}))[0] == 404
    assert reason(await api.post(path, {"feedbackId": identifier}, sourceType="X"))[0] == 400
    assert (
        reason(await api.post(path, {"feedbackId": identifier}, sourceType="ADVERTISER"))[0] == 403
    )
    assert (await api.post(path, {"feedbackId": identifier}, sourceType="SELLER")).status == 200


@pytest.mark.parametrize(
    ("text", "status"),
    [("Спасибо!", "PUBLISHED"), ("Пишите на +7 900 123-45-67", "BANNED"), ("www.a.ru", "BANNED")],
)
async def test_comment_is_moderated(run: Run, time: Time, text: str, status: str) -> None:
    simulator, api = await run(moderation=60)
    identifier = simulator.state.arrive_feedback()
    made = (await comment(api, identifier, "Сначала так")).json["result"]
    time.passed += 30
    edited = (await comment(api, identifier, text, id=made["id"])).json["result"]
    assert edited["status"] == "UNMODERATED"
    time.passed += 59  # moderation of the first text ends, without a verdict on the second
    assert [one["status"] for one in await comments(api, identifier)] == ["UNMODERATED"]
    time.passed += 1
    assert [one["status"] for one in await comments(api, identifier)] == [status]


async def test_reaction_is_skipped(run: Run) -> None:
    simulator, api = await run()
    ids = [f["feedbackId"] for f in await read(api, reactionStatus="NEED_REACTION")][:3]
    path = f"{LIST}/skip-reaction"
    assert reason(await api.post(path, {"feedbackIds": [*ids, 5]}))[0] == 404
    assert (await one(api, ids[0]))["needReaction"]
    for _ in range(2):
        assert (await api.post(path, {"feedbackIds": ids})).json == {"status": "OK"}
    assert simulator.stats.effects == {"skip": 3}
    assert not (await one(api, ids[0]))["needReaction"]
    for wrong in ([], [ids[0]] * 2, list(range(1, 52))):
        assert reason(await api.post(path, {"feedbackIds": wrong}))[0] == 400


async def test_viewing_in_the_cabinet_is_not_an_answer(run: Run) -> None:
    simulator, api = await run()
    identifier = simulator.state.arrive_feedback()
    simulator.state.feedbacks.read_in_cabinet(identifier)
    after = await one(api, identifier)
    assert (after["needReaction"], after["statistics"]["commentsCount"]) == (False, 0)
    assert await comments(api, identifier) == []
