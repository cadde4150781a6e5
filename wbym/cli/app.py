"""The commands of ``wbym``."""

import asyncio
import logging
import os
import runpy
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from wbym.adapter import Adapter, Chats, Feedbacks, Questions, Returns, installed_adapters
from wbym.cli import lists, show
from wbym.cli.demo import Sizes, run_demo
from wbym.cli.progress import Bars, Lines, Quiet, Watch
from wbym.cli.show_demo import outcome_line, show_outcome
from wbym.cli.terminal import clean, complain, output, plain_errors
from wbym.cli.waiting import show_waiting
from wbym.config import AccountSource, choose, find_accounts
from wbym.domain import Chat, Feedback, Question, Return
from wbym.errors import WbymError
from wbym.paging import Listing

__all__ = ["app"]

app = typer.Typer(
    name="wbym",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no ISO time; write it as 2026-01-31T00:00:00+03:00"
        ) from None
    if moment.tzinfo is None:
        raise typer.BadParameter(
            f"{text!r} has no time zone; add it, as in {moment.isoformat()}+03:00 or "
            f"{moment.isoformat()}Z"
        )
    return moment


def _ratings(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part in {"1", "2", "3", "4", "5"} for part in parts):
        raise typer.BadParameter(f"{text!r} is no list of ratings from 1 to 5, such as 1,2")
    return frozenset(int(part) for part in parts)


Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="WBYM_CONFIG",
        metavar="PATH",
        help="TOML file with accounts; wbym.toml where it exists.",
        show_default=False,
    ),
]
Account = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="Only this account.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Lines of JSON instead of a table.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help=f"Records of each account at most; tables: {lists.TABLE_MOST}, JSON: all.",
        show_default=False,
    ),
]
Answered = Annotated[
    bool | None,
    typer.Option("--answered/--unanswered", help="Only with, or only without an answer."),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since", parser=_moment, metavar="TIME", help="From this ISO time on, with its zone."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", parser=_moment, metavar="TIME", help="Up to this ISO time."),
]
Product = Annotated[
    str | None, typer.Option("--product", metavar="ID", help="Only of this article.")
]
Count = typer.Option(
    min=0, metavar="N", help="In each simulated shop; by default as many as suits it."
)


@app.callback()
def start(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Say on stderr what happens at the calls.")
    ] = False,
) -> None:
    r"""Read and answer a seller's buyers on Wildberries and Yandex Market.

    Accounts come from a TOML file, \[accounts.NAME] with marketplace and secret_env (the name of
    the environment variable that holds the token) or secret_file; without one, from
    WBYM_<MARKETPLACE>_TOKEN. Tokens are never given as arguments.
    """
    logger = logging.getLogger("wbym")
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
        logger.setLevel(logging.DEBUG)
    elif not logger.handlers:
        # What matters of it is said by the commands themselves.
        logger.addHandler(logging.NullHandler())


def simulators() -> dict[str, str]:
    """The modules of the installed simulators by the name of their marketplace."""
    return {point.name: point.module for point in entry_points(group="wbym.simulators")}


@app.command()
def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="One line of JSON and nothing else on stdout.")
    ] = False,
    feedbacks: Annotated[int | None, Count] = None,
    questions: Annotated[int | None, Count] = None,
    chats: Annotated[int | None, Count] = None,
    returns: Annotated[int | None, Count] = None,
) -> None:
    """Read and answer simulated shops over real HTTP, inside the real limits, without a token.

    About four in ten feedbacks and questions wait for an answer; those are read. Exit code 1 if
    anything was refused or lost.
    """
    with plain_errors():
        console = output()
        watch: Watch = (
            Quiet() if as_json else Bars(console) if console.is_terminal else Lines(console)
        )
        sizes = Sizes(feedbacks=feedbacks, questions=questions, chats=chats, returns=returns)
        with watch:
            outcome = asyncio.run(run_demo(simulators(), installed_adapters(), sizes, watch))
        if as_json:
            outcome_line(outcome)
        else:
            show_outcome(console, outcome)
        for problem in outcome.problems:
            complain(problem)
    raise typer.Exit(1 if outcome.problems else 0)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)
def simulate(
    context: typer.Context,
    marketplace: Annotated[str, typer.Argument(help="Whose simulator, such as wildberries.")],
) -> None:
    """Run a marketplace's simulator until Ctrl-C; it prints its address as one line of JSON.

    All that follows MARKETPLACE goes to the simulator: try wbym simulate wildberries --help.
    """
    known = simulators()
    if marketplace not in known:
        names = ", ".join(sorted(known)) or "none"
        raise typer.BadParameter(f"{marketplace!r} has no simulator; installed: {names}")
    module = known[marketplace]
    with plain_errors():
        sys.argv = [f"wbym simulate {marketplace}", *context.args]
        runpy.run_module(module, run_name="__main__", alter_sys=True)


@app.command()
def check(config: Config = None, account: Account = None) -> None:
    """Read the accounts' credentials offline: what they open, until when, and at what pace.

    Exit code 1 if one is invalid or expired.
    """
    with plain_errors():
        valid = asyncio.run(_check(_sources(config, account)))
    raise typer.Exit(0 if valid else 1)


async def _check(sources: list[AccountSource]) -> bool:
    console = output()
    now = datetime.now(UTC)
    all_valid = True
    for source in sources:
        heading = f"{clean(source.name)} ({source.adapter.marketplace})"
        console.print(Text(heading, style="bold"))
        try:
            async with await source.open() as opened:
                for facts in opened.credentials():
                    all_valid &= show.show_credential(console, facts, now)
        except WbymError as error:
            all_valid = False
            complain(error)
    return all_valid


@app.command()
def endpoints(
    form: Annotated[show.Format, typer.Option("--format", help="How to write them.")] = (
        show.Format.TABLE
    ),
    marketplace: Annotated[
        str | None, typer.Option("--marketplace", metavar="NAME", help="Only of this one.")
    ] = None,
) -> None:
    """List every endpoint that the SDK knows, with its limits."""
    adapters = installed_adapters()
    if marketplace is not None and marketplace not in adapters:
        names = ", ".join(sorted(adapters))
        raise typer.BadParameter(
            f"there is no marketplace {marketplace!r}; installed: {names}",
            param_hint="--marketplace",
        )
    chosen = sorted(adapters) if marketplace is None else [marketplace]
    rows = [row for name in chosen for row in adapters[name].catalog()]
    show.show_catalog(output(), rows, form)


@app.command()
def feedbacks(
    config: Config = None,
    account: Account = None,
    answered: Answered = None,
    since: Since = None,
    until: Until = None,
    rating: Annotated[
        frozenset[int] | None,
        typer.Option("--rating", parser=_ratings, metavar="1,2", help="Only with these ratings."),
    ] = None,
    product: Product = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List feedbacks, newest first."""

    def ask(opened: Adapter) -> Listing[Feedback] | None:
        if not isinstance(opened, Feedbacks):
            return None
        return opened.feedbacks(
            answered=answered, since=since, until=until, rating=rating, product=product
        )

    with plain_errors():
        sources = _sources(config, account)
        code = asyncio.run(
            lists.list_records(sources, show.FEEDBACKS, ask, limit=limit, as_json=as_json)
        )
    raise typer.Exit(code)


@app.command()
def questions(
    config: Config = None,
    account: Account = None,
    answered: Answered = None,
    since: Since = None,
    until: Until = None,
    product: Product = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List questions, newest first."""

    def ask(opened: Adapter) -> Listing[Question] | None:
        if not isinstance(opened, Questions):
            return None
        return opened.questions(answered=answered, since=since, until=until, product=product)

    with plain_errors():
        sources = _sources(config, account)
        code = asyncio.run(
            lists.list_records(sources, show.QUESTIONS, ask, limit=limit, as_json=as_json)
        )
    raise typer.Exit(code)


@app.command()
def chats(
    config: Config = None,
    account: Account = None,
    waiting: Annotated[
        bool | None,
        typer.Option("--waiting/--not-waiting", help="Only where the buyer waits for a reply."),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List chats."""

    def ask(opened: Adapter) -> Listing[Chat] | None:
        if not isinstance(opened, Chats):
            return None
        return opened.chats(waiting_for_seller=waiting)

    with plain_errors():
        sources = _sources(config, account)
        code = asyncio.run(
            lists.list_records(sources, show.CHATS, ask, limit=limit, as_json=as_json)
        )
    raise typer.Exit(code)


@app.command()
def returns(
    config: Config = None,
    account: Account = None,
    is_open: Annotated[
        bool | None, typer.Option("--open/--closed", help="Only under review, or only closed.")
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List returns (Wildberries: claims)."""

    def ask(opened: Adapter) -> Listing[Return] | None:
        if not isinstance(opened, Returns):
            return None
        return opened.returns(open=is_open)

    with plain_errors():
        sources = _sources(config, account)
        code = asyncio.run(
            lists.list_records(sources, show.RETURNS, ask, limit=limit, as_json=as_json)
        )
    raise typer.Exit(code)


@app.command()
def inbox(config: Config = None, account: Account = None, as_json: AsJson = False) -> None:
    """Show how much waits for an answer, over all accounts."""
    with plain_errors():
        code = asyncio.run(show_waiting(_sources(config, account), as_json=as_json))
    raise typer.Exit(code)


@app.command()
def answer(
    kind: Annotated[lists.AnswerKind, typer.Argument(help="What is answered.")],
    record_id: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    text: Annotated[str, typer.Argument(help="The answer; - reads it from stdin.")],
    config: Config = None,
    account: Account = None,
) -> None:
    """Answer a feedback or a question, once."""
    with plain_errors():
        words = sys.stdin.read().strip() if text == "-" else text
        asyncio.run(lists.answer(_sources(config, account), kind, record_id, words))


def _sources(config: Path | None, account: str | None) -> list[AccountSource]:
    environ: Mapping[str, str] = os.environ
    found = find_accounts(config, environ=environ, adapters=installed_adapters())
    return choose(found, account)
