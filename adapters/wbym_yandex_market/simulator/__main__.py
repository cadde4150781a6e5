"""`python -m wbym_yandex_market.simulator`: the simulator in a process of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import fields

import msgspec

from wbym.testing.faults import Faults
from wbym.testing.process import run_forever
from wbym_yandex_market.simulator.credentials import BUSINESS, make_api_key
from wbym_yandex_market.simulator.options import Options, OptionsDict
from wbym_yandex_market.simulator.server import HOUR, YandexMarketSimulator

_DEMO = {"feedbacks": 4_000, "questions": 1_500, "chats": 200, "returns": 60}
"""So large that reading all of it within the limits takes seconds and not minutes."""
_EFFECTS = {
    "feedbacks": "comment",
    "questions": "answer",
    "messages": "message",
    "returns": "decision",
}
"""By which effect it shows that something was written, by the neutral noun."""
_SHORT = ("latency", "arrival_jitter", "error_rate", "drop_before", "drop_after")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m wbym_yandex_market.simulator", description=__doc__
    )
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0 takes any free port")
    made.add_argument("--exit-with-parent", action="store_true", help="stop when stdin is closed")
    made.add_argument("--demo", action="store_true", help="as large as is good for a demo")
    made.add_argument("--no-limits", action="store_true", help="lift every limit")
    made.add_argument("--limit-scale", type=float, default=1.0)
    made.add_argument("--hour", type=float, default=HOUR, help="seconds of an hourly budget")
    made.add_argument("--subscription", action="store_true", help="the greater hourly budgets")
    made.add_argument("--parallel", type=int, default=4, help="requests at once of one owner")
    made.add_argument("--businesses", nargs="*", type=int, help="ids of the businesses that exist")
    made.add_argument("--locked", nargs="*", type=int, default=[], help="ids answered 423")
    for name in _SHORT:
        made.add_argument(_flag(name), type=float, default=0.0)
    made.add_argument("--no-gzip", action="store_true")
    made.add_argument("--faults", default="{}", help="any faults, as a JSON object")
    defaults = Options()
    for field in fields(Options):
        default: object = getattr(defaults, field.name)
        if isinstance(default, bool):
            made.add_argument(
                _flag(field.name), action=argparse.BooleanOptionalAction, default=default
            )
        else:
            kind = float if isinstance(default, float) else int
            made.add_argument(_flag(field.name), type=kind, default=default)
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the simulator until it is told to stop."""
    made = parser()
    given = made.parse_args(arguments)
    if given.demo:
        made.set_defaults(**_DEMO)
        given = made.parse_args(arguments)
    chosen = {field.name: getattr(given, field.name) for field in fields(Options)}
    faults = Faults(seed=given.seed, gzip=not given.no_gzip)
    for name in _SHORT:
        setattr(faults, name, getattr(given, name))
    faults.change(given.faults.encode())
    simulator = YandexMarketSimulator(
        faults=faults,
        limits=not given.no_limits,
        limit_scale=given.limit_scale,
        hour=given.hour,
        subscription=given.subscription,
        parallel=given.parallel,
        businesses=given.businesses or None,
        locked=given.locked,
        **msgspec.convert(chosen, OptionsDict),
    )
    records = simulator.records()
    business = (given.businesses or [BUSINESS])[0]
    run_forever(
        simulator,
        host=given.host,
        port=given.port,
        exit_with_parent=given.exit_with_parent,
        shown={
            "marketplace": "yandex_market",
            "pid": os.getpid(),
            "token": make_api_key(business_id=business),
            "business_id": business,
            "campaign_ids": sorted(simulator.state.campaigns),
            "expected": {
                "questions": records["questions_unanswered"],
                "chats": records["chats"],
                "returns": sum(one.redeemed for one in simulator.state.returns.all),
            },
            "effects": _EFFECTS,
        },
    )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


if __name__ == "__main__":
    main()
