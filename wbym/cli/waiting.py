"""The command ``wbym inbox``: counts of unanswered records of all accounts."""

from collections.abc import Sequence

import msgspec
import typer
from rich.table import Table

from wbym._config import AccountSource
from wbym.account import Account
from wbym.cli.terminal import clean, complain, output
from wbym.domain import WaitingCounts
from wbym.errors import WbymError
from wbym.inbox import Inbox

__all__ = ["show_waiting"]


async def show_waiting(sources: Sequence[AccountSource], *, as_json: bool) -> int:
    """Count the unanswered records of all accounts in parallel; returns the exit code.

    An account that fails does not stop the others.

    Args:
        sources: The accounts.
        as_json: Print one JSON object per account instead of a table.
    """
    failed: list[str] = []

    def fail(name: str, error: Exception) -> None:
        if not isinstance(error, WbymError):
            raise error
        failed.append(name)
        complain(error)

    accounts: list[Account] = []
    for source in sources:
        try:
            accounts.append(await source.open())
        except WbymError as error:
            fail(source.name, error)
    async with Inbox(*accounts, on_error=fail) as inbox:
        counts = await inbox.counts()
        marketplaces = {name: account.marketplace for name, account in inbox.accounts.items()}
    if as_json:
        for name, waiting in counts.items():
            row = {"account": name, "marketplace": marketplaces[name]}
            typer.echo(msgspec.json.encode(row | msgspec.structs.asdict(waiting)))
    elif counts:
        _show(counts, marketplaces)
    return int(bool(failed))


def _show(counts: dict[str, WaitingCounts], marketplaces: dict[str, str]) -> None:
    kinds = WaitingCounts.__struct_fields__
    table = Table(title="Waiting for an answer", title_justify="left")
    table.add_column("account")
    table.add_column("marketplace")
    for kind in (*kinds, "all"):
        table.add_column(kind, justify="right", no_wrap=True)
    for name, waiting in counts.items():
        cells = [f"{getattr(waiting, kind):,}" for kind in kinds]
        table.add_row(clean(name), marketplaces[name], *cells, f"{waiting.total:,}")
    if len(counts) > 1:
        table.add_section()
        sums = [sum(getattr(waiting, kind) for waiting in counts.values()) for kind in kinds]
        table.add_row("all", "", *[f"{one:,}" for one in sums], f"{sum(sums):,}", style="bold")
    output().print(table)
