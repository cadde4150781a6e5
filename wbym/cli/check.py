"""The command ``wbym check``."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Final

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from wbym._config import AccountSource
from wbym.account import (
    Account,
    Capabilities,
    Capability,
    CheckReport,
    CredentialFacts,
    MethodFacts,
    ProbeResult,
    has,
)
from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AccountName, AsJson, Config, sources_of
from wbym.cli.tables import pad, print_line, wrap
from wbym.cli.terminal import (
    ExitCode,
    Failures,
    clean,
    glyph,
    is_terminal,
    output,
    plain_errors,
)
from wbym.cli.views import time_text
from wbym.errors import (
    ConnectionFailed,
    CredentialError,
    GatewayError,
    QuotaExhausted,
    RateLimited,
    ServerError,
    Unauthorized,
    WbymError,
)

__all__ = ["check"]

_PATIENCE: Final = 10.0
"""Max seconds that a request waits for its limit: a person is waiting."""
_NOUNS: Final = (
    ("feedbacks", Capability.FEEDBACKS, Capability.ANSWER_FEEDBACK),
    ("chats", Capability.CHATS, Capability.SEND),
    ("questions", Capability.QUESTIONS, Capability.ANSWER_QUESTION),
    ("returns", Capability.RETURNS, Capability.DECIDE),
)
"""Each noun, with the capabilities to read it and to answer it."""


class _Ability(msgspec.Struct, frozen=True):
    """Whether an account can read and answer a noun."""

    noun: str
    read: bool | None
    """None if the marketplace could not be asked."""
    answer: bool | None
    reason: str = ""
    """Why not."""


def check(
    config: Config = None,
    account: AccountName = None,
    verbose: Annotated[
        bool,
        typer.Option(
            "--verbose", "-v", help="Also show scopes, hosts, and each method with its rate."
        ),
    ] = False,
    offline: Annotated[
        bool,
        typer.Option("--offline", help="Make no requests; check only the credentials themselves."),
    ] = False,
    ping: Annotated[
        bool,
        typer.Option(
            "--ping",
            help="Also ask each host once whether it accepts the token. Do not use it in scripts: "
            "Wildberries blocks automated checks, and more than 3 in 30 s.",
        ),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show whether each account can read and answer feedbacks, chats, questions and returns.

    The exit code is 0 if the marketplace accepts the credentials of each account, whatever they
    cover; see also wbym --help.
    """
    if offline and ping:
        raise typer.BadParameter("--offline and --ping cannot be combined")
    with plain_errors():
        sources = sources_of(config, account)
        failures = Failures(len(sources))
        asyncio.run(
            _check(
                sources, failures, online=not offline, ping=ping, verbose=verbose, as_json=as_json
            )
        )
    raise typer.Exit(failures.code)


async def _check(
    sources: Sequence[AccountSource],
    failures: Failures,
    *,
    online: bool,
    ping: bool,
    verbose: bool,
    as_json: bool,
) -> None:
    console = output()
    for number, source in enumerate(sources):
        try:
            async with await source.open(max_wait=_PATIENCE) as opened:
                report = await opened.check(online=online, ping=ping)
                abilities = _abilities(opened, report)
        except WbymError as error:
            failures.add(source.name, error)
            continue
        now = datetime.now(UTC)
        if any(_is_expired(facts, now) for facts in report.credentials):
            failures.count(source.name, ExitCode.USAGE)
        elif any(_is_failure(probe) for probe in report.probes):
            failures.count(source.name, ExitCode.FAILED)
        if as_json:
            write_lines([_fields(opened, report, abilities)])
            continue
        if number:
            console.print()
        heading = f"{clean(source.name)} ({source.adapter.marketplace})"
        print_line(console, Text(heading, style="bold"))
        _show_abilities(console, abilities)
        for facts in report.credentials:
            _show_credential(console, facts, now, verbose=verbose)
        for probe in report.probes:
            if verbose or probe.error is not None:
                _show_probe(console, probe)
        if verbose:
            _show_methods(console, report.methods)


def _fields(
    account: Account, report: CheckReport, abilities: Sequence[_Ability]
) -> Mapping[str, object]:
    return {
        "account": account.name,
        "marketplace": account.marketplace,
        "abilities": {
            each.noun: {"read": each.read, "answer": each.answer, "reason": each.reason or None}
            for each in abilities
        },
        "credentials": report.credentials,
        "probes": [
            {
                "subject": probe.subject,
                "answer": probe.answer,
                "error": None if probe.error is None else str(probe.error),
            }
            for probe in report.probes
        ],
        "methods": report.methods,
    }


# What the account can do.


def _abilities(account: Account, report: CheckReport) -> list[_Ability]:
    errors = [probe.error for probe in report.probes if probe.error is not None]
    for error in errors:
        if isinstance(error, Unauthorized | CredentialError):
            return [_Ability(noun, False, False, str(error)) for noun, _, _ in _NOUNS]
    for error in errors:
        if isinstance(error, ConnectionFailed | ServerError | GatewayError):
            reason = "the marketplace could not be asked"
            return [_Ability(noun, None, None, reason) for noun, _, _ in _NOUNS]
    return [_ability(account.capabilities, *noun) for noun in _NOUNS]


def _ability(stated: Capabilities, noun: str, read: Capability, answer: Capability) -> _Ability:
    can_read, can_answer = has(stated, read), has(stated, answer)
    if can_read and can_answer:
        return _Ability(noun, True, True)
    lacking = answer if can_read else read
    supported = stated.get(lacking)
    reason = (supported and supported.note) or f"the marketplace has no {lacking}"
    return _Ability(noun, can_read, can_answer, reason)


def _show_abilities(console: Console, abilities: Sequence[_Ability]) -> None:
    if is_terminal():
        marks = {True: glyph("✓", "yes"), False: glyph("✗", "no"), None: "?"}
    else:
        marks = {True: "yes", False: "no", None: "?"}
    styles = {True: "green", False: "bold red", None: "bold yellow"}
    width = max(len(each.noun) for each in abilities) + 4
    print_line(console, Text(f"{'':<{width}}read  answer", style="dim"))
    for each in abilities:
        line = Text(pad(f"  {each.noun}", width))
        line.append(pad(marks[each.read], 6), styles[each.read])
        line.append(pad(marks[each.answer], 8), styles[each.answer])
        reasons = _wrapped(console, each.reason, line.cell_len) or [""]
        for number, reason in enumerate(reasons):
            start = Text(" " * line.cell_len) if number else line
            whole = start + Text(reason)
            whole.rstrip()
            print_line(console, whole)


def _wrapped(console: Console, text: str, indent: int) -> list[str]:
    """The lines of a text beside an indent; one line if there is no terminal."""
    return wrap(text, max(console.width - indent, 20)) if is_terminal() else [clean(text)]


# The rest.


def _is_expired(facts: CredentialFacts, now: datetime) -> bool:
    return facts.expires_at is not None and facts.expires_at <= now


def _is_failure(probe: ProbeResult) -> bool:
    # An exhausted limit does not mean that the credential is invalid.
    return probe.error is not None and not isinstance(probe.error, QuotaExhausted | RateLimited)


def _show_credential(
    console: Console, facts: CredentialFacts, now: datetime, *, verbose: bool
) -> None:
    ends = facts.expires_at
    if ends is None:
        _line(console, f"{facts.title}, does not expire")
    elif _is_expired(facts, now):
        _line(console, f"{facts.title}, EXPIRED {time_text(ends)}", "bold red")
    else:
        _line(console, f"{facts.title}, expires {time_text(ends)} ({(ends - now).days} days)")
    if verbose:
        _line(console, f"owner: {facts.owner}")
        access = "read only" if facts.read_only else "read and write"
        _line(console, f"scopes: {', '.join(facts.scopes) or 'none'} ({access})")
    for warning in facts.warnings:
        _line(console, f"WARNING: {warning}", "bold yellow")


def _show_probe(console: Console, probe: ProbeResult) -> None:
    if probe.error is None:
        _line(console, f"{probe.subject}: {probe.answer}")
    else:
        _line(console, f"{probe.subject}: no answer: {probe.error}", "bold yellow")


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
    for number, part in enumerate(_wrapped(console, text, indent + 2)):
        spaces = " " * (indent + 2 if number else indent)
        print_line(console, Text(spaces + part, style=style))
