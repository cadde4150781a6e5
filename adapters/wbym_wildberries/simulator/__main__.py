"""`python -m wbym_wildberries.simulator`: the simulator in a process of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from dataclasses import fields

import msgspec

from wbym.testing.faults import Faults
from wbym.testing.process import run_forever
from wbym_wildberries.simulator.options import Options, OptionsDict
from wbym_wildberries.simulator.server import WildberriesSimulator
from wbym_wildberries.simulator.tokens import CATEGORIES, SELLER, make_token

_SHORT = ("latency", "arrival_jitter", "error_rate", "drop_before", "drop_after")
_DEMO = {"feedbacks": 75_000, "questions": 15_000, "chats": 200, "claims": 60, "cards": 2_000}
"""So large that reading all of it within the limits takes seconds and not minutes."""
_EFFECTS = {
    "feedbacks": "answer",
    "questions": "question_answer",
    "messages": "message",
    "returns": "decision",
}
"""By which effect it shows that something was written, by the neutral noun."""
_FLAGS = ("sign_in_answer", "pins_allowed", "subscribed")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m wbym_wildberries.simulator", description=__doc__)
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=0, help="0 takes any free port")
    made.add_argument("--exit-with-parent", action="store_true", help="stop when stdin is closed")
    made.add_argument("--demo", action="store_true", help="as large as is good for a demo")
    made.add_argument("--no-limits", action="store_true", help="lift every limit")
    made.add_argument("--limit-scale", type=float, default=1.0)
    made.add_argument("--ban-seconds", type=float, default=0.0)
    made.add_argument("--sellers", nargs="*", help="ids of the sellers that exist")
    for name in _SHORT:
        made.add_argument(_flag(name), type=float, default=0.0)
    made.add_argument("--no-gzip", action="store_true")
    made.add_argument("--faults", default="{}", help="any faults, as a JSON object")
    defaults = Options()
    for field in fields(Options):
        default: object = getattr(defaults, field.name)
        if field.name in _FLAGS:
            made.add_argument(
                _flag(field.name), action=argparse.BooleanOptionalAction, default=default
            )
        else:
            kind = float if isinstance(default, float) else int
            names = [_flag(field.name)] + (["--returns"] if field.name == "claims" else [])
            made.add_argument(*names, dest=field.name, type=kind, default=default)
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
    simulator = WildberriesSimulator(
        faults=faults,
        limits=not given.no_limits,
        limit_scale=given.limit_scale,
        ban_seconds=given.ban_seconds,
        sellers=given.sellers,
        **msgspec.convert(chosen, OptionsDict),
    )
    records = simulator.records()
    tokens = [make_token(sid=sid, scopes=CATEGORIES) for sid in given.sellers or (SELLER,)]
    run_forever(
        simulator,
        host=given.host,
        port=given.port,
        exit_with_parent=given.exit_with_parent,
        shown={
            "marketplace": "wildberries",
            "pid": os.getpid(),
            "token": tokens[0],
            "expected": {
                "feedbacks": records["feedbacks_open"],
                "questions": records["questions_open"],
                "chats": records["chats_listed"],
                "returns": records["claims_shown"],
            },
            "effects": _EFFECTS,
        },
    )


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


if __name__ == "__main__":
    main()
