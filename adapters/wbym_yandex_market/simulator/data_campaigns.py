"""The campaigns (shops) of a business, and its orders, which are only numbers here."""

from __future__ import annotations

from dataclasses import dataclass

from wbym.testing import JsonObject
from wbym_yandex_market.simulator import texts

PLACEMENTS = ("FBS", "DBS", "FBY")
CAMPAIGNS = 100
"""Number of campaign ids per business: 1001 has 100101, 100102 and so on."""


@dataclass(slots=True)
class Campaign:
    """One shop."""

    id: int
    business: int
    cabinet: str
    placement: str
    availability: str = "AVAILABLE"
    """Otherwise its methods are rejected; see `ApiAvailabilityStatusType`."""

    def show(self) -> JsonObject:
        """The record, as in a response."""
        return {
            "domain": f"{self.cabinet} {texts.SHOPS[self.placement]}",
            "id": self.id,
            "business": {"id": self.business, "name": self.cabinet},
            "placementType": self.placement,
            "apiAvailability": self.availability,
        }


def campaign_list(business: int, cabinet: str, count: int) -> list[Campaign]:
    """FBS, DBS, FBY and so on in turn."""
    return [
        Campaign(
            business * CAMPAIGNS + number + 1,
            business,
            cabinet,
            PLACEMENTS[number % len(PLACEMENTS)],
        )
        for number in range(min(count, CAMPAIGNS - 1))
    ]


class Orders:
    """The orders of a business: a range of numbers, dealt to its campaigns in turn."""

    def __init__(self, business: int, campaigns: list[Campaign], count: int) -> None:
        first = business * 1_000_000 + 1
        self.ids = range(first, first + count)
        self._campaigns = campaigns

    def campaign(self, order_id: int) -> Campaign | None:
        """The campaign of an order; None if the order is not the seller's."""
        if order_id not in self.ids or not self._campaigns:
            return None
        return self._campaigns[order_id % len(self._campaigns)]

    def owner(self, order_id: int) -> int | None:
        """The id of that campaign."""
        campaign = self.campaign(order_id)
        return None if campaign is None else campaign.id
