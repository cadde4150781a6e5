"""The report of ``wbym check``."""

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
"""Maximum seconds that a request waits for its limit: a person is waiting."""


async def check_accounts(sources: Sequence[AccountSource], *, online: bool, ping: bool) -> bool:
    """Show what each account can do; False if a credential is unusable or a request failed.

    Args:
        sources: The accounts.
        online: Whether to make requests.
        ping: Whether to ask each host if it accepts the token.
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
    # An exhausted limit does not mean that the credential is invalid.
    return isinstance(probe.error, QuotaExhausted | RateLimited)


def _show_methods(console: Console, methods: Sequence[MethodFacts]) -> None:
    """Print the callable methods by scope, host and rate, and the missing access for the others."""
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
            text = f"{rate}: {_by_noun(names)}"
            if slow:
                _line(console, f"SLOW: {text}", "bold yellow", indent=4)
            else:
                _line(console, text, indent=4)
    for missing, names in unable.items():
        _line(console, f"missing {missing}, for {_by_noun(names)}", "dim")


def _by_noun(names: Iterable[str]) -> str:
    """Names of methods, grouped by noun."""
    nouns: dict[str, list[str]] = {}
    for name in names:
        noun, _, method = name.rpartition(".")
        nouns.setdefault(noun, []).append(method)
    return "; ".join(f"{noun}: {', '.join(methods)}" for noun, methods in nouns.items())


def _line(console: Console, text: str, style: str = "", *, indent: int = 2) -> None:
    console.print(Text(" " * indent + clean(text), style=style), soft_wrap=True)
