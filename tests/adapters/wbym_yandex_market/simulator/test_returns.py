from __future__ import annotations

import pytest

from wbym_yandex_market.simulator import YandexMarketSimulator

from .conftest import Api, Json, Reply, Run, Time, reason

FBS, DBS = 100101, 100102
DAY = 86_400


async def read(api: Api, campaign: int = FBS, **params: Json) -> list[Json]:
    return list(await api.read_all(f"/v2/campaigns/{campaign}/returns", "returns", **params))


def path(simulator: YandexMarketSimulator, identifier: int) -> str:
    one = simulator.state.returns.find(identifier)
    assert one is not None
    return f"/v2/campaigns/{one.campaign.id}/orders/{one.order_id}/returns/{identifier}"


async def possible(api: Api, campaign: int, identifier: int) -> dict[str, Json]:
    body = {"campaignId": campaign, "returnId": identifier}
    reply = await api.post("/v1/businesses/1001/returns/decisions", body)
    assert reply.status == 200, reply.raw
    found = reply.json["result"]["availableDecisions"]
    return {one["decisionType"]: one for one in found}


class Case:
    """An undecided return, and its decisions."""

    def __init__(self, simulator: YandexMarketSimulator, api: Api, identifier: int) -> None:
        found = simulator.state.returns.find(identifier)
        assert found is not None
        self.api = api
        self.id = identifier
        self.path = path(simulator, identifier)
        self.items = [item.id for item in found.items]
        self.prices = [item.price for item in found.items]

    async def shown(self) -> Json:
        return (await self.api.get(self.path)).json["result"]

    async def decide(self, decision_type: str, **more: Json) -> Reply:
        decisions = [{"returnItemId": n, "decisionType": decision_type, **more} for n in self.items]
        body = {"returnItemDecisions": decisions}
        return await self.api.post(f"{self.path}/decision/submit", body)


async def test_lists_are_per_campaign(run: Run) -> None:
    simulator, api = await run(returns=60)
    one, two = await read(api, FBS, limit=7), await read(api, DBS)
    assert len({each["id"] for each in one + two}) == 60 == simulator.state.records()["returns"]
    assert {each["returnType"] for each in one} == {"RETURN", "UNREDEEMED"}
    statuses = {each.get("refundStatus") for each in two}
    assert "WAITING_FOR_DECISION" in statuses
    assert not any(str(status).startswith("PREMODERATION") for status in statuses)
    assert "PREMODERATION_DECISION_WAITING" in {each.get("refundStatus") for each in one}
    orders = [each["orderId"] for each in one + two]
    assert len(set(orders)) < len(orders)  # an order may have several


async def test_larger_limit_is_reduced(run: Run) -> None:
    _, api = await run(returns=250)
    reply = await api.get(f"/v2/campaigns/{FBS}/returns", limit=1000)
    assert (reply.status, len(reply.json["result"]["returns"])) == (200, 100)
    assert len((await api.get(f"/v2/campaigns/{FBS}/returns")).json["result"]["returns"]) == 50


async def test_filters(run: Run) -> None:
    _, api = await run(returns=120)
    everything = await read(api)
    waiting = await read(api, statuses="PREMODERATION_DECISION_WAITING,REFUNDED")
    assert waiting == [
        each
        for each in everything
        if each.get("refundStatus") in {"PREMODERATION_DECISION_WAITING", "REFUNDED"}
    ]
    path = f"/v2/campaigns/{FBS}/returns"
    twice = await api.call("GET", f"{path}?statuses=REFUNDED&statuses=REJECTED&limit=100")
    assert {one["refundStatus"] for one in twice.json["result"]["returns"]} == {
        "REFUNDED",
        "REJECTED",
    }
    unredeemed = await read(api, type="UNREDEEMED")
    assert unredeemed == [each for each in everything if each["returnType"] == "UNREDEEMED"]
    picked = await read(api, shipmentStatuses="PICKED,LOST")
    assert picked == [e for e in everything if e.get("shipmentStatus") in {"PICKED", "LOST"}]
    order = everything[3]["orderId"]
    assert await read(api, orderIds=f"{order},5") == [
        each for each in everything if each["orderId"] == order
    ]
    first, last = "2026-08-01", "2026-08-31"
    august = [each for each in everything if first <= each["updateDate"][:10] <= last]
    assert august
    assert await read(api, fromDate=first, toDate=last) == august
    assert await read(api, from_date=first, to_date=last) == everything  # switched off


WRONG: list[Json] = [
    {"statuses": "WAITING"},
    {"shipmentStatuses": "picked"},
    {"type": "ALL"},
    {"fromDate": "01-08-2026"},
    {"orderIds": "a"},
    {"orderIds": ",".join(str(n) for n in range(1, 52))},
    {"limit": "0"},
]


async def test_invalid_filter_is_400(run: Run) -> None:
    _, api = await run()
    for params in WRONG:
        assert reason(await api.get(f"/v2/campaigns/{FBS}/returns", **params))[0] == 400, params


async def test_return_needs_its_campaign_and_order(run: Run) -> None:
    simulator, api = await run()
    listed = (await read(api))[0]
    good = f"/v2/campaigns/{FBS}/orders/{listed['orderId']}/returns/{listed['id']}"
    assert (await api.get(good)).json["result"] == listed
    assert reason(await api.get(good.replace(str(FBS), str(DBS))))[0] == 404
    assert reason(await api.get(good.replace(str(listed["orderId"]), "5")))[0] == 404
    assert reason(await api.get(good[:-3] + "999"))[0] == 404
    body = {"campaignId": DBS, "returnId": listed["id"]}
    assert reason(await api.post("/v1/businesses/1001/returns/decisions", body))[0] == 404
    body["campaignId"] = 5
    assert reason(await api.post("/v1/businesses/1001/returns/decisions", body))[0] == 404
    assert simulator.state.decisions == []


async def test_sums_have_a_currency_and_deprecated_ones_are_absent(run: Run) -> None:
    _, api = await run(returns=60)
    compensated = 0
    for each in await read(api, type="RETURN"):
        assert each["amount"]["currencyId"] == "RUR"
        assert "refundAmount" not in each
        for item in each["items"]:
            (decision,) = item["decisions"]
            assert decision["amount"]["value"] > 0 or decision["decisionType"] == "DECLINE_REFUND"
            compensated += "partnerCompensationAmount" in decision
            assert not {"refundAmount", "partnerCompensation"} & decision.keys()
    assert compensated


async def test_application_and_photos_are_files(run: Run) -> None:
    simulator, api = await run(returns=40)
    seen = set()
    for each in await read(api, type="RETURN"):
        base = path(simulator, each["id"])
        pdf = await api.get(f"{base}/application")
        assert pdf.raw.startswith(b"%PDF-")
        assert pdf.headers["Content-Type"] == "application/pdf"
        for decision in (item["decisions"][0] for item in each["items"]):
            for image in decision.get("images") or []:
                photo = f"{base}/decision/{decision['returnItemId']}/image/{image}"
                reply = await api.get(photo)
                assert reply.status == 200
                seen.add((reply.headers["Content-Type"], reply.raw[:4]))
                assert reason(await api.get(photo + "0"))[0] == 404
    assert seen == {("image/jpeg", b"\xff\xd8\xff\xe0"), ("image/png", b"\x89PNG")}
    unredeemed = simulator.state.arrive_return(redeemed=False)
    assert reason(await api.get(f"{path(simulator, unredeemed)}/application"))[0] == 404


@pytest.mark.parametrize(
    ("campaign", "waits", "decided"),
    [
        (FBS, "PREMODERATION_DECISION_WAITING", "PREMODERATION_DECISION_MADE"),
        (DBS, "WAITING_FOR_DECISION", "DECISION_MADE"),
    ],
)
async def test_decision_changes_the_status(
    run: Run, time: Time, campaign: int, waits: str, decided: str
) -> None:
    simulator, api = await run(refund_delay=3600)
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=campaign))
    before = await case.shown()
    assert before["refundStatus"] == waits
    assert "REFUND_MONEY" in await possible(api, campaign, case.id)
    time.passed += 100
    assert (await case.decide("REFUND_MONEY", comment="Вернём")).json == {"status": "OK"}
    after = await case.shown()
    assert after["refundStatus"] == decided
    assert after["updateDate"] > before["updateDate"]
    assert after["items"][0]["decisions"][0]["decisionType"] == "REFUND_MONEY"
    assert await possible(api, campaign, case.id) == {}
    assert reason(await case.decide("REFUND_MONEY"))[0] == 400
    assert simulator.stats.effects == {"decision": 1}
    assert [decision.comment for _, decision in simulator.state.decisions] == ["Вернём"] * len(
        case.items
    )
    time.passed += 3600
    assert (await case.shown())["refundStatus"] == "REFUNDED"


async def test_decline_needs_an_offered_reason(run: Run, time: Time) -> None:
    simulator, api = await run(refund_delay=10)
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    offered = (await possible(api, FBS, case.id))["DECLINE_REFUND"]["decisionReasonTypes"]
    assert reason(await case.decide("DECLINE_REFUND", comment="Нет"))[0] == 400
    for wrong in ("NO_WORD", next(r for r in REASONS if r not in offered)):
        assert reason(await case.decide("DECLINE_REFUND", decisionReasonType=wrong))[0] == 400
    assert (await case.decide("DECLINE_REFUND", decisionReasonType=offered[0])).status == 200
    assert (await case.shown())["amount"]["value"] == 0
    time.passed += 10
    assert (await case.shown())["refundStatus"] == "REJECTED"
    simulator.state.returns.dispute(case.id)
    assert (await case.shown())["refundStatus"] == "PREMODERATION_DISPUTE"


REASONS = ("DEVICE_ACTIVATED", "MECHANICAL_DAMAGE", "WARRANTY_TERMS_VIOLATED", "X")


async def test_partial_refund_needs_an_amount_in_bounds(run: Run) -> None:
    simulator, api = await run()
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    bounds = (await possible(api, FBS, case.id))["PARTIAL_MONEY_REFUND"][
        "partialCompensationBounds"
    ]
    least, most = bounds["minAmount"]["value"], bounds["maxAmount"]["value"]
    assert 0 < least < most
    assert most * 100 == min(case.prices) * bounds["maxPercent"] // 100
    decision_type = "PARTIAL_MONEY_REFUND"
    assert reason(await case.decide(decision_type))[0] == 400
    for value in (least - 0.01, most + 0.01, 0, -5, least + 0.001):
        money = {"value": value, "currencyId": "RUR"}
        assert reason(await case.decide(decision_type, compensation=money))[0] == 400, value
    money = {"value": most, "currencyId": "USD"}
    assert reason(await case.decide(decision_type, compensation=money))[0] == 400
    money = {"value": most, "currencyId": "RUR"}
    assert reason(await case.decide("REFUND_MONEY", compensation=money))[0] == 400
    assert (await case.decide(decision_type, compensation=money)).status == 200
    assert (await case.shown())["amount"]["value"] == pytest.approx(most * len(case.items))
    assert simulator.stats.effects == {"decision": 1}


async def test_impossible_decision_is_400(run: Run) -> None:
    simulator, api = await run()
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    assert reason(await case.decide("REPAIR"))[0] == 400
    assert reason(await case.decide("NO_WORD"))[0] == 400
    over = Case(simulator, api, simulator.state.arrive_return(waits=False))
    assert reason(await over.decide("REFUND_MONEY"))[0] == 400
    submit = f"{case.path}/decision/submit"
    wrong = {"returnItemId": 5, "decisionType": "REFUND_MONEY"}
    assert reason(await api.post(submit, {"returnItemDecisions": [wrong]}))[0] == 400
    assert reason(await api.post(submit, {"returnItemDecisions": []}))[0] == 400
    twice = [{"returnItemId": case.items[0], "decisionType": "REFUND_MONEY"}] * 2
    assert reason(await api.post(submit, {"returnItemDecisions": twice}))[0] == 400
    assert not simulator.stats.effects


async def test_return_of_two_positions_waits_for_both(run: Run) -> None:
    simulator, api = await run()
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    while len(case.items) < 2:
        case = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    submit = f"{case.path}/decision/submit"
    for item, status in zip(case.items, ("WAITING", "MADE"), strict=True):
        body = {"returnItemDecisions": [{"returnItemId": item, "decisionType": "REFUND_MONEY"}]}
        assert (await api.post(submit, body)).status == 200
        assert (await case.shown())["refundStatus"] == f"PREMODERATION_DECISION_{status}"


async def test_older_methods_set_and_then_submit(run: Run) -> None:
    simulator, api = await run()
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=DBS))
    submit = f"{case.path}/decision/submit"
    assert reason(await api.post(submit))[0] == 400
    for item in case.items:
        body = {"returnItemId": item, "decisionType": "DECLINE_REFUND", "comment": "Не брак"}
        assert (await api.post(f"{case.path}/decision", body)).json == {"status": "OK"}
    assert (await case.shown())["refundStatus"] == "WAITING_FOR_DECISION"
    assert (await api.call("POST", submit)).status == 200
    assert (await case.shown())["refundStatus"] == "DECISION_MADE"
    fbs = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    body = {"returnItemId": fbs.items[0], "decisionType": "REFUND_MONEY"}
    assert reason(await api.post(f"{fbs.path}/decision", body))[0] == 400


async def test_decision_deadline_passes(run: Run, time: Time) -> None:
    simulator, api = await run()
    case = Case(simulator, api, simulator.state.arrive_return(campaign_id=FBS))
    time.passed += 2 * DAY
    assert (await case.shown())["refundStatus"] == "REFUND_IN_PROGRESS"
    assert await possible(api, FBS, case.id) == {}
    assert simulator.state.records()["returns_waiting"] == 0
