"""General methods: connection, news, the seller, its rating and its plan."""

from __future__ import annotations

from wbym.testing import (
    Call,
    Handlers,
    RecordFields,
    Refusal,
    Response,
    empty_response,
    json_response,
    route,
)
from wbym_wildberries.simulator.dates import DAY, moscow_time, utc_time
from wbym_wildberries.simulator.limits import (
    NEWS,
    PING,
    PLAN,
    RATING,
    SELLER_INFO,
    SUBSCRIPTIONS,
)
from wbym_wildberries.simulator.requests import BadParameter, integer
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.state_seller import moment_of
from wbym_wildberries.simulator.tokens import CATEGORIES


class GeneralHandlers(Handlers[Cabinet]):
    """Serves the data of the caller's seller."""

    @route("GET", "/ping", bucket=PING)
    async def ping(self, call: Call) -> Response:
        """Checks the connection to a host."""
        return json_response({"TS": moscow_time(int(call.now)).decode(), "Status": "OK"})

    @route("GET", "/api/communications/v2/news", bucket=NEWS, records=RecordFields(("data",), "id"))
    async def news(self, call: Call) -> Response:
        """News of the portal by date or id, one of which is required."""
        seller = self._cabinet(call).seller
        date = call.query("from")
        try:
            identifier = integer(call, "fromID")
            if identifier is not None:
                return json_response({"data": seller.news_from_id(identifier)})
            return json_response({"data": seller.news_from(moment_of(date or ""))})
        except ValueError as error:
            raise BadParameter("from") from error

    @route("GET", "/api/v1/seller-info", bucket=SELLER_INFO)
    async def seller(self, call: Call) -> Response:
        """Name and number of the seller."""
        seller = self._cabinet(call).seller
        return json_response(
            {
                "name": seller.name,
                "sid": call.seller,
                "tin": seller.tin,
                "tradeMark": seller.trade_mark,
                "country": seller.country,
            }
        )

    @route("GET", "/api/common/v1/rating", bucket=RATING, scope=CATEGORIES["feedbacks"])
    async def rating(self, call: Call) -> Response:
        """Rating of the seller."""
        feedbacks = self._cabinet(call).feedbacks
        count = feedbacks.open_count + feedbacks.archive_count
        return json_response({"feedbackCount": count, "valuation": 4.55})

    @route("GET", "/api/common/v1/subscriptions", bucket=SUBSCRIPTIONS)
    async def subscriptions(self, call: Call) -> Response:
        """The Jam subscription; empty if the seller never subscribed."""
        if not self._cabinet(call).options.subscribed:
            return empty_response(200)
        now = int(call.now)
        return json_response(
            {
                "state": "active",
                "activationSource": "jam",
                "level": "premium",
                "since": utc_time(now - 150 * DAY).decode(),
                "till": utc_time(now + 30 * DAY).decode(),
            }
        )

    @route("GET", "/api/common/v1/tariff-constructor/options", bucket=PLAN)
    async def plan(self, call: Call) -> Response:
        """Options and packages of the seller's plan."""
        locale = call.query("locale") or "ru"
        if locale not in {"ru", "en"}:
            raise Refusal(
                400,
                f"Invalid locale value '{locale}'. Allowed values: ru, en",
                title="Validation failed",
                more={
                    "code": "INVALID_LOCALE",
                    "errors": [{"field": "locale", "message": "Must be one of: ru, en"}],
                },
            )
        if not self._cabinet(call).options.subscribed:
            raise Refusal(
                404,
                "Options are not available for this supplier",
                title="Options not available",
                more={"code": "OPTIONS_NOT_AVAILABLE"},
            )
        now = int(call.now)
        dates = {
            "activatedAt": moscow_time(now - 60 * DAY).decode(),
            "expiresAt": moscow_time(now + 30 * DAY).decode(),
            "periodDuration": 90,
            "status": "active",
        }
        russian = locale == "ru"
        option = {
            "id": "c3d4e5f6-a7b8-4012-8def-123456789012",
            "name": "Закрепление отзывов" if russian else "Pinned feedbacks",
            "slug": "pinReview",
        }
        package = {
            "id": "a1b2c3d4-e5f6-4890-abcd-ef1234567890",
            "name": "Суперпродавец" if russian else "Super seller",
            "slug": "superSeller",
        }
        promotion = {"commissionRate": 0.3, "expiresAt": dates["expiresAt"]}
        return json_response(
            {
                "activeOptionCount": 1,
                "activePackageCount": 1,
                "totalCommissionRate": 1.1,
                "options": [{**option, **dates, "promotion": promotion}],
                "packages": [{**package, **dates, "commissionRate": 0.8, "options": [option]}],
            }
        )
