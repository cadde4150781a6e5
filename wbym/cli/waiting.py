"""The command ``wbym inbox``: counts of unanswered records of all accounts."""

import asyncio
from collections.abc import Mapping

import msgspec
import typer

from wbym.cli.accounts import open_inbox
from wbym.cli.jsonlines import write_lines
from wbym.cli.options import AccountName, AsJson, Config, sources_of
from wbym.cli.tables import Column, show_table
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
    numbers = [Column(kind, right=True) for kind in (*_KINDS, "all")]
    rows = [
        (name, marketplaces[name], *_numbers(waiting, waiting.total))
        for name, waiting in counts.items()
    ]
    if len(rows) > 1 and is_terminal():
        sums = WaitingCounts(
            **{kind: sum(getattr(each, kind) for each in counts.values()) for kind in _KINDS}
        )
        rows.append(("all", "", *_numbers(sums, sums.total)))
    columns = (Column("account", gives_way=True), Column("marketplace", gives_way=True), *numbers)
    show_table(columns, rows)


def _numbers(waiting: WaitingCounts, total: int) -> list[str]:
    return [str(getattr(waiting, kind)) for kind in _KINDS] + [str(total)]
