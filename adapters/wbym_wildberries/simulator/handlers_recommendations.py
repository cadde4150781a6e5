"""The methods of recommended items."""

from __future__ import annotations

from itertools import islice

import msgspec

from wbym.testing import (
    Call,
    Handlers,
    JsonObject,
    RecordFields,
    Refusal,
    Response,
    json_response,
    route,
)
from wbym_wildberries.simulator import card_ids
from wbym_wildberries.simulator.data_cards import photo
from wbym_wildberries.simulator.handlers_directories import SCOPE
from wbym_wildberries.simulator.limits import RECOMMEND, RECOMMENDATIONS
from wbym_wildberries.simulator.requests import body_of
from wbym_wildberries.simulator.state import Cabinet

MAX_PAGE = 5000
MAX_SEARCH = 72
MAX_NAMED = 30
MAX_RECOMMENDED = 20


class _Wanted(msgspec.Struct, rename="camel"):
    limit: int = 20
    next: int = 0
    search: str = ""
    brand_names: list[str] = []
    subject_ids: list[int] = []


class _Recommended(msgspec.Struct, rename="camel"):
    recom_nm: int
    sort: int = MAX_RECOMMENDED


class _Item(msgspec.Struct, rename="camel"):
    nm_id: int = 0
    recommendations: list[_Recommended] = []


class _Items(msgspec.Struct, rename="camel"):
    rec_list: list[_Item]
    replace: bool = False


_PATH = "/api/content/v1/recommendations"
_ITEMS = RecordFields(("data",), "nmId", ("updatedAt",))


class RecommendationHandlers(Handlers[Cabinet], scope=SCOPE):
    """Serves the recommendations of the caller's cabinet."""

    @route("POST", f"{_PATH}/list", bucket=RECOMMENDATIONS, writes=False, records=_ITEMS)
    async def show(self, call: Call) -> Response:
        """Items with their recommendations, by the last `nmId`."""
        body = await body_of(call, _Wanted, Refusal(400, "incorrect request body format"))
        if not 0 <= body.limit <= MAX_PAGE:
            raise Refusal(400, "incorrect request body format")
        if len(body.search) > MAX_SEARCH:
            raise Refusal(400, "Search string length limit exceeded, maximum 72 required")
        if max(len(body.brand_names), len(body.subject_ids)) > MAX_NAMED:
            raise Refusal(400, "incorrect request body format")
        cabinet = self._cabinet(call)
        first = card_ids.number_of(body.next) if body.next else -1
        found = (n for n in cabinet.cards.catalog if n > first and _fits(cabinet, n, body))
        numbers = list(islice(found, body.limit))
        last = card_ids.nm_id(numbers[-1]) if numbers else body.next
        return json_response({"data": [_row(cabinet, n) for n in numbers], "next": last})

    @route("POST", f"{_PATH}/set", bucket=RECOMMEND)
    async def set(self, call: Call) -> Response:
        """Sets recommendations: 208 if all of them are set already."""
        body = await body_of(call, _Items, Refusal(400, "incorrect request body format"))
        if not 1 <= len(body.rec_list) <= MAX_PAGE:
            raise Refusal(400, "incorrect request body format")
        if any(len(item.recommendations) > MAX_RECOMMENDED for item in body.rec_list):
            raise Refusal(400, "incorrect request body format")
        each = [one for item in body.rec_list for one in item.recommendations]
        if not all(0 <= one.sort <= MAX_RECOMMENDED for one in each):
            raise Refusal(400, "incorrect request body format")
        cabinet = self._cabinet(call)
        errors: list[JsonObject] = []
        changed = 0
        for item in body.rec_list:
            # Items without a position come first, so that a position is an index among all.
            given = sorted(item.recommendations, key=lambda one: one.sort)
            known = cabinet.recommended.get(item.nm_id, [])
            wanted: list[int] = [] if body.replace or not given else list(known)
            for one in given:
                message = _wrong(cabinet, item.nm_id, one.recom_nm, len(wanted))
                if message:
                    errors.append(_error(item.nm_id, one.recom_nm, message))
                elif one.recom_nm not in wanted:
                    wanted.insert(one.sort - 1 if one.sort else len(wanted), one.recom_nm)
            if not given and cabinet.cards.find(item.nm_id) is None:
                errors.append(_error(item.nm_id, 0, "The item is not found"))
            elif wanted != known:
                cabinet.recommended[item.nm_id] = wanted
                changed += 1
        cabinet.effects["recommendation"] += changed
        if not changed and not errors:
            raise Refusal(208, "Recommendations already set")
        return json_response({"isError": bool(errors), "errors": errors})


def _error(item: int, recommended: int, message: str) -> JsonObject:
    return {"mainNm": str(item), "recomNm": str(recommended), "message": message}


def _wrong(cabinet: Cabinet, item: int, recommended: int, count: int) -> str | None:
    number, other = cabinet.cards.find(item), cabinet.cards.find(recommended)
    if number is None or other is None:
        return "The item is not found"
    if not cabinet.cards.traits(other).photos:
        return "The item has no photo"
    return "Too many recommendations" if count >= MAX_RECOMMENDED else None


def _fits(cabinet: Cabinet, number: int, wanted: _Wanted) -> bool:
    traits = cabinet.cards.traits(number)
    found = wanted.search in {"", str(card_ids.nm_id(number))}
    return (
        (found or wanted.search in traits.vendor_code)
        and (not wanted.brand_names or traits.brand in wanted.brand_names)
        and (not wanted.subject_ids or traits.subject in wanted.subject_ids)
    )


def _row(cabinet: Cabinet, number: int) -> JsonObject:
    card = cabinet.cards.load(number)
    traits = cabinet.cards.traits(number)
    nm = card_ids.nm_id(number)
    recommended = cabinet.recommended.get(nm, [])
    return {
        "nmId": nm,
        "imtId": traits.imt,
        "vendorCode": traits.vendor_code,
        "brandName": traits.brand,
        "subjectName": card["subjectName"],
        "title": card["title"],
        "pic": photo(nm, 1)["c516x688"] if traits.photos else "",
        "picsCount": traits.photos,
        "recomCount": len(recommended),
        "recomNms": recommended,
        "recomPics": [photo(other, 1)["c516x688"] for other in recommended],
        "updatedAt": card["updatedAt"] if recommended else None,
    }
