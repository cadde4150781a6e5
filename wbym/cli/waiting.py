"""The command ``wbym inbox``: counts of unanswered records of all accounts."""

import asyncio
from collections.abc import Mapping

import msgspec
import typer

from wbym.cli.accounts import open_inbox
from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AccountName, AsJson, Config, sources_of
from wbym.cli.tables import Column, show_table, write_row
from wbym.cli.terminal import Failures, is_terminal, plain_errors
from wbym.domain import WaitingCounts

__all__ = ["inbox"]

_KINDS = WaitingCounts.__struct_fields__


def inbox(config: Config = None, account: AccountName = None, as_json: AsJson = False) -> None:
    """Count the unanswered chats, questions, feedbacks and returns of all accounts."""

    async def run() -> tuple[dict[str, WaitingCounts], dict[str, str]]:
        async with open_inbox(sources, failures) as opened:
            names = {name: one.marketplace for name, one in opened.accounts.items()}
            return await opened.counts(), names

    with plain_errors():
        sources = sources_of(config, account)
        failures = Failures(len(sources))
        counts, marketplaces = asyncio.run(run())
        if as_json:
            write_lines(
                {"account": name, "marketplace": marketplaces[name]}
                | msgspec.structs.asdict(waiting)
                for name, waiting in counts.items()
            )
        elif counts:
            _show(counts, marketplaces)
    raise typer.Exit(failures.code)


def _show(counts: Mapping[str, WaitingCounts], marketplaces: Mapping[str, str]) -> None:
    if not is_terminal():
        for name, waiting in counts.items():
            write_row((name, marketplaces[name], *_numbers(waiting)))
        return
    rows = [(name, *_numbers(waiting)) for name, waiting in counts.items()]
    if len(rows) > 1:
        sums = {kind: sum(getattr(each, kind) for each in counts.values()) for kind in _KINDS}
        rows.append(("all", *_numbers(WaitingCounts(**sums))))
    numbers = [Column(kind, right=True) for kind in (*_KINDS, "all")]
    show_table((Column("account", gives_way=True), *numbers), rows)


def _numbers(waiting: WaitingCounts) -> list[str]:
    return [f"{getattr(waiting, kind)}" for kind in (*_KINDS, "total")]
