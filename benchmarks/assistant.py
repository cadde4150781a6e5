"""The assistant of ``wbym.cli.assistant`` with limits that the benchmark does not reach.

``python -m benchmarks.assistant PLAN``, the plan as JSON.
"""

import logging
import sys
from typing import Final, TypedDict

import msgspec

from benchmarks.contenders.ours import LIFTED, MARKET_LIFTED
from wbym.account import Account
from wbym.cli.assistant import assist, run
from wbym.inbox import Inbox
from wbym.limits import Quota, Scheduler
from wbym.paging._parts import EPOCH
from wbym_wildberries import Wildberries
from wbym_yandex_market import YandexMarket

__all__ = ["Plan", "open_accounts", "reply_to"]

_POLLS: Final = Quota(limit=20, period=1, burst=20)
"""The quota of WB's events; the feed polls as often as the limit allows."""


class _Options(TypedDict, total=False):
    """The name of an account, its proxy, and where its limits are counted."""

    name: str
    proxy: str | None
    limits: str
    scheduler: Scheduler


class Plan(msgspec.Struct, frozen=True):
    """The state and the accounts."""

    state: str
    """A file, or the address of a database."""
    confirmation_timeout: float
    wildberries: tuple[str, str]
    """Address and token."""
    yandex_market: tuple[str, str, int]
    """Address, key and business."""
    limits: dict[str, str] = {}
    """Addresses of shared limits, by the account's name; by default of the process."""
    proxies: dict[str, str] = {}
    """By the account's name."""
    lifted: bool = True
    """Whether its limits are lifted, but for those of WB's events."""


def reply_to(text: str) -> str:
    """The answer to a message; each message has its own, also if bytes of it were bad."""
    return "Ответ: " + text.replace("\N{REPLACEMENT CHARACTER}", "")


def open_accounts(plan: Plan, polls: Quota = _POLLS) -> list[Account]:
    """The accounts of a plan; lifted limits are so but for ``polls``, of WB's events."""
    scheduler = Scheduler(min_jitter=0.0)

    def options(name: str) -> _Options:
        own: _Options = {"name": name, "proxy": plan.proxies.get(name)}
        if name in plan.limits:
            return {**own, "limits": plan.limits[name]}
        return {**own, "scheduler": scheduler}

    url, token = plan.wildberries
    quotas = LIFTED | {"chats.events": polls} if plan.lifted else None
    market_url, key, business = plan.yandex_market
    return [
        Wildberries(token, base_url=url, quotas=quotas, **options("wb")),
        YandexMarket(
            key,
            business_id=business,
            base_url=market_url,
            quotas=MARKET_LIFTED if plan.lifted else None,
            **options("ym"),
        ),
    ]


async def main(plan: Plan) -> None:
    """Answer each message from the beginning, until killed."""
    async with Inbox(
        *open_accounts(plan), state=plan.state, confirmation_timeout=plan.confirmation_timeout
    ) as inbox:
        await assist(inbox, since=EPOCH, answer=reply_to)


if __name__ == "__main__":
    logging.getLogger("wbym").setLevel(logging.ERROR)  # lost connections are part of the plan
    run(main(msgspec.json.decode(sys.argv[1], type=Plan)))
