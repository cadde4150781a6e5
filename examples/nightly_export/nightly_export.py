"""Exports everything of all accounts, and reads it with polars and duckdb.

Usage: python nightly_export.py CONFIG FOLDER
"""

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import polars as pl

from wbym import Inbox, WbymError
from wbym.export import Export, Noun

SINCE = datetime(2024, 1, 1, tzinfo=UTC)
"""The beginning of the archive; chats and returns are always read completely."""


async def export(config: Path, folder: Path) -> bool:
    """Export every noun to a file in a folder; whether all accounts were read."""
    complete = True

    def tell(account: str, error: WbymError) -> None:
        nonlocal complete
        complete = False
        print(f"{account}: {error}", file=sys.stderr)

    async with Inbox.from_config(config) as inbox:
        for noun in Noun:
            since = SINCE if noun in {Noun.FEEDBACKS, Noun.QUESTIONS} else None
            path = folder / f"{noun}.parquet"
            accounts = list(inbox.accounts.values())
            done = await Export(accounts, noun, path, since=since, on_error=tell).run()
            print(f"{done.path.name}: {done.rows} rows, {done.added} of them new")
    return complete


def ratings(folder: Path) -> pl.DataFrame:
    """How often each product was rated, and how well; the worst first."""
    return pl.read_parquet(folder / "feedbacks.parquet").sql(
        """
        SELECT marketplace, product_id, count(*) AS feedbacks, avg(rating) AS rating
        FROM self WHERE rating IS NOT NULL
        GROUP BY marketplace, product_id ORDER BY rating, product_id
        """
    )


def answer_times(folder: Path) -> list[tuple[str, int, float | None]]:
    """Feedbacks of each account, and the median hours until the answer where its time is known."""
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'UTC'")
        return database.execute(
            """
            SELECT account, count(*), median(date_diff('second', created_at, answered_at)) / 3600
            FROM read_parquet(?)
            GROUP BY account ORDER BY account
            """,
            [str(folder / "feedbacks.parquet")],
        ).fetchall()


def main(config: Path, folder: Path) -> int:
    """Export, and print the reports; the exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    complete = asyncio.run(export(config, folder))
    if (folder / "feedbacks.parquet").exists():
        print(ratings(folder))
        for account, feedbacks, hours in answer_times(folder):
            known = "unknown" if hours is None else f"{hours:.1f} hours"
            print(f"{account}: {feedbacks} feedbacks, median time to the answer: {known}")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
