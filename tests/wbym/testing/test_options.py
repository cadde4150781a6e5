from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from typing import ClassVar

import pytest

from wbym.testing import Faults, SimulatorOptions, keyword_options
from wbym.testing._options import add_options


class KioskOptions(SimulatorOptions, frozen=True, kw_only=True):
    second_names: ClassVar[dict[str, str]] = {"goods": "--items"}

    goods: int = 3
    """How many goods."""
    owners: Sequence[int] = ()
    """Ids of the owners; 100% of them."""
    is_open: bool = True
    """Whether it is open."""
    name: str | None = None
    """Of the kiosk."""


class Kiosk:
    @keyword_options(KioskOptions)
    def __init__(self, options: KioskOptions) -> None:
        self.options = options


def parser() -> ArgumentParser:
    made = ArgumentParser(prog="kiosk")
    add_options(made, "options", KioskOptions)
    add_options(made, "faults", Faults, but="seed")
    return made


def test_constructor_accepts_the_fields() -> None:
    kiosk = Kiosk(goods=5, seed=7)
    assert (kiosk.options.goods, kiosk.options.seed, kiosk.options.limits) == (5, 7, True)
    with pytest.raises(TypeError, match="godos"):
        Kiosk(godos=5)  # type: ignore[call-arg]


def test_command_line_accepts_the_fields_and_faults() -> None:
    given = parser().parse_args(["--items", "5", "--owners", "1", "2", "--no-is-open"])
    assert (given.goods, given.owners, given.is_open, given.name) == (5, [1, 2], False, None)
    given = parser().parse_args(["--no-limits", "--seed", "4", "--error-body", "html"])
    assert (given.limits, given.seed, given.error_body, given.latency) == (False, 4, "html", 0.0)
    assert not hasattr(given, "clock")


def test_help_shows_the_docstrings_of_fields() -> None:
    shown = " ".join(parser().format_help().split())
    for text in (
        "How many goods (default: 3)",
        "Ids of the owners; 100% of them",
        "Seed of all data and faults;",
        "Share of requests answered 5xx, before (default: 0.0)",
    ):
        assert text in shown
