"""What each account can do, as lines for people."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from wbym._config import AccountSource
from wbym.account import MethodFacts, ProbeResult
from wbym.cli.show import show_credential
from wbym.cli.terminal import clean, complain, output
from wbym.errors import QuotaExhausted, RateLimited, WbymError

__all__ = ["check_accounts"]

_PATIENCE = 10.0
"""Seconds that a question waits for its limit; a person waits for all of them."""


async def check_accounts(sources: Sequence[AccountSource], *, online: bool, ping: bool) -> bool:
    """Show what each account can do; False if a credential cannot be used or a question failed.

    Args:
        sources: The accounts.
        online: Whether the marketplaces are asked.
        ping: Whether each of their hosts is.
    """
    console = output()
    all_valid = True
    for source in sources:
        heading = f"{clean(source.name)} ({source.adapter.marketplace})"
        console.print(Text(heading, style="bold"))
        try:
            async with await source.open(max_wait=_PATIENCE) as opened:
                report = await opened.check(online=online, ping=ping)
        except WbymError as error:
            all_valid = False
            complain(error)
            continue
        now = datetime.now(UTC)
        for facts in report.credentials:
            all_valid &= show_credential(console, facts, now)
        for probe in report.probes:
            all_valid &= _show_probe(console, probe)
        _show_methods(console, report.methods)
    return all_valid


def _show_probe(console: Console, probe: ProbeResult) -> bool:
    if probe.error is None:
        _line(console, f"{probe.subject}: {probe.answer}")
        return True
    _line(console, f"{probe.subject}: no answer: {probe.error}", "bold yellow")
    # A limit that is used up says nothing of the credential.
    return isinstance(probe.error, QuotaExhausted | RateLimited)


def _show_methods(console: Console, methods: Sequence[MethodFacts]) -> None:
    """By scope and host what can be called at which rate, and what is missing for the rest."""
    able: dict[tuple[str, str], dict[tuple[str, bool], list[str]]] = {}
    unable: dict[str, list[str]] = {}
    for facts in methods:
        if facts.missing is not None:
            unable.setdefault(facts.missing, []).append(facts.name)
        else:
            rates = able.setdefault((facts.scope, facts.host), {})
            rates.setdefault((facts.rate, facts.slow), []).append(facts.name)
    for (scope, host), rates in able.items():
        _line(console, f"{scope}, on {host}")
        for (rate, slow), names in rates.items():
            words = f"{rate}: {_by_noun(names)}"
            if slow:
                _line(console, f"SLOW: {words}", "bold yellow", indent=4)
            else:
                _line(console, words, indent=4)
    for missing, names in unable.items():
        _line(console, f"missing is {missing}, for {_by_noun(names)}", "dim")


def _by_noun(names: Iterable[str]) -> str:
    """Names of methods, with the noun of each said once."""
    nouns: dict[str, list[str]] = {}
    for name in names:
        noun, _, method = name.rpartition(".")
        nouns.setdefault(noun, []).append(method)
    return "; ".join(f"{noun}: {', '.join(methods)}" for noun, methods in nouns.items())


def _line(console: Console, words: str, style: str = "", *, indent: int = 2) -> None:
    console.print(Text(" " * indent + clean(words), style=style), soft_wrap=True)
