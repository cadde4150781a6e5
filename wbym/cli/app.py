"""The commands of ``wbym``."""

import asyncio
import logging
import runpy
import sys
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import entry_points
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, NoReturn, TypeVar

import typer

from wbym.account import Account, Capability, installed_adapters, load_adapter
from wbym.cli import lists, show
from wbym.cli.check import check_accounts
from wbym.cli.dead_letters import dead_letters
from wbym.cli.demo import Sizes, run_demo
from wbym.cli.demo_assistant import run_assistant
from wbym.cli.export import export
from wbym.cli.listen import listen
from wbym.cli.options import AccountName, Config, moment, sources_of
from wbym.cli.outbox import outbox
from wbym.cli.progress import Bars, Lines, Quiet, Watch
from wbym.cli.show_demo import (
    introduce,
    outcome_line,
    show_next,
    show_outcome,
    show_survived,
)
from wbym.cli.terminal import complain, output, plain_errors
from wbym.cli.waiting import show_waiting
from wbym.domain import Chat, Feedback, Question, Record, Return
from wbym.paging import Listing

__all__ = ["app"]

T = TypeVar("T", bound=Record)

app: typer.Typer = typer.Typer(
    name="wbym",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _ratings(text: str) -> frozenset[int]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part in {"1", "2", "3", "4", "5"} for part in parts):
        raise typer.BadParameter(f"{text!r} is not a list of ratings from 1 to 5, such as 1,2")
    return frozenset(int(part) for part in parts)


AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON object per line instead of a table.")
]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help=f"Maximum records per account. Default: {lists.TABLE_ROWS} in tables, all in JSON.",
        show_default=False,
    ),
]
Answered = Annotated[
    bool | None,
    typer.Option(
        "--answered/--unanswered", help="Show only records with an answer, or only those without."
    ),
]
Since = Annotated[
    datetime | None,
    typer.Option(
        "--since",
        parser=moment,
        metavar="TIME",
        help="Start of the period: an ISO time with a time zone.",
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", parser=moment, metavar="TIME", help="End of the period, inclusive."),
]
Product = Annotated[
    str | None, typer.Option("--product", metavar="ID", help="Show only records of this product.")
]
Count = typer.Option(
    min=0, metavar="N", help="Number in each simulated shop. Default: chosen by the simulator."
)


@app.callback()
def start(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log the calls to stderr.")
    ] = False,
) -> None:
    r"""Read and answer messages, questions and feedbacks on Wildberries and Yandex Market.

    Accounts are configured in a TOML file: \[accounts.NAME] with marketplace, secret_env (the name
    of the environment variable that has the token) or secret_file, and options such as proxy.
    Without a file, they are taken from WBYM_<MARKETPLACE>_TOKEN and WBYM_<MARKETPLACE>_<OPTION>.
    Tokens are never passed as arguments.
    """
    logger = logging.getLogger("wbym")
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
        logger.setLevel(logging.DEBUG)
    elif not logger.handlers:
        # The commands report what matters themselves.
        logger.addHandler(logging.NullHandler())


def simulators() -> dict[str, str]:
    """The modules of the installed simulators, by marketplace."""
    return {point.name: point.module for point in entry_points(group="wbym.simulators")}


@app.command()
def demo(
    as_json: Annotated[
        bool, typer.Option("--json", help="Print only one line of JSON to stdout.")
    ] = False,
    feedbacks: Annotated[int | None, Count] = None,
    questions: Annotated[int | None, Count] = None,
    chats: Annotated[int | None, Count] = None,
    returns: Annotated[int | None, Count] = None,
    assistant: Annotated[
        bool, typer.Option(help="Also kill and restart an assistant that answers chats.")
    ] = True,
) -> None:
    """Read and answer simulated shops over real HTTP, within the real limits, without a token.

    About 40% of the feedbacks and questions are unanswered; those are read. Then an assistant that
    answers chats is killed and restarted. The exit code is 1 if a request was rate limited, or if
    anything was lost or sent twice.
    """
    with plain_errors():
        console = output()

        def watch() -> Watch:
            if as_json:
                return Quiet()
            return Bars(console) if console.is_terminal else Lines(console)

        sizes = Sizes(feedbacks=feedbacks, questions=questions, chats=chats, returns=returns)
        if not as_json:
            introduce(console, assistant=assistant)
        with watch() as first:
            outcome = asyncio.run(run_demo(simulators(), sizes, first))
        if not as_json:
            show_outcome(console, outcome)
        problems = list(outcome.problems)
        survived = None
        if assistant:
            with TemporaryDirectory(prefix="wbym-demo-") as folder, watch() as second:
                survived = asyncio.run(run_assistant(simulators(), Path(folder), second))
            problems += survived.problems
            if not as_json:
                show_survived(console, survived)
        if not as_json and not problems:
            show_next(console)
        if as_json:
            outcome_line(outcome, survived)
        for problem in problems:
            complain(problem)
    raise typer.Exit(1 if problems else 0)


@app.command(
    context_settings={
        "allow_extra_args": True,
        "ignore_unknown_options": True,
        "allow_interspersed_args": False,
    }
)
def simulate(
    context: typer.Context,
    marketplace: Annotated[str, typer.Argument(help="The marketplace, such as wildberries.")],
) -> None:
    """Run a marketplace's simulator until Ctrl-C. It prints its address as one line of JSON.

    Arguments after MARKETPLACE are passed to the simulator: try wbym simulate wildberries --help.
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
def check(
    config: Config = None,
    account: AccountName = None,
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
) -> None:
    """Show what each account can do: methods by scope, their hosts and rates, and missing access.

    The exit code is 1 if a credential is invalid, expired or rejected by its marketplace.
    """
    if offline and ping:
        raise typer.BadParameter("--offline and --ping cannot be combined")
    with plain_errors():
        sources = sources_of(config, account)
        valid = asyncio.run(check_accounts(sources, online=not offline, ping=ping))
    raise typer.Exit(0 if valid else 1)


@app.command()
def endpoints(
    form: Annotated[show.Format, typer.Option("--format", help="Output format.")] = (
        show.Format.TABLE
    ),
    marketplace: Annotated[
        str | None,
        typer.Option(
            "--marketplace", metavar="NAME", help="List only this marketplace's endpoints."
        ),
    ] = None,
) -> None:
    """List all endpoints of the SDK with their limits."""
    installed = installed_adapters()
    if marketplace is not None and marketplace not in installed:
        names = ", ".join(installed)
        raise typer.BadParameter(
            f"unknown marketplace {marketplace!r}; installed: {names}",
            param_hint="--marketplace",
        )
    chosen = installed if marketplace is None else [marketplace]
    with plain_errors():
        rows = [row for name in chosen for row in load_adapter(name).catalog()]
    show.show_catalog(output(), rows, form)


@app.command()
def feedbacks(
    config: Config = None,
    account: AccountName = None,
    answered: Answered = None,
    since: Since = None,
    until: Until = None,
    rating: Annotated[
        frozenset[int] | None,
        typer.Option(
            "--rating",
            parser=_ratings,
            metavar="1,2",
            help="Show only feedbacks with these ratings.",
        ),
    ] = None,
    product: Product = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List feedbacks, newest first."""

    def ask(opened: Account) -> Listing[Feedback]:
        return opened.feedbacks(
            answered=answered, since=since, until=until, rating=rating, product=product
        )

    _list(config, account, Capability.FEEDBACKS, show.FEEDBACKS, ask, limit=limit, as_json=as_json)


@app.command()
def questions(
    config: Config = None,
    account: AccountName = None,
    answered: Answered = None,
    since: Since = None,
    until: Until = None,
    product: Product = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List questions, newest first."""

    def ask(opened: Account) -> Listing[Question]:
        return opened.questions(answered=answered, since=since, until=until, product=product)

    _list(config, account, Capability.QUESTIONS, show.QUESTIONS, ask, limit=limit, as_json=as_json)


@app.command()
def chats(
    config: Config = None,
    account: AccountName = None,
    waiting: Annotated[
        bool | None,
        typer.Option(
            "--waiting/--not-waiting",
            help="Show only chats that wait for a reply, or only the others.",
        ),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List chats."""

    def ask(opened: Account) -> Listing[Chat]:
        return opened.chats(waiting_for_seller=waiting)

    _list(config, account, Capability.CHATS, show.CHATS, ask, limit=limit, as_json=as_json)


@app.command()
def returns(
    config: Config = None,
    account: AccountName = None,
    is_open: Annotated[
        bool | None,
        typer.Option("--open/--closed", help="Show only open returns, or only closed ones."),
    ] = None,
    limit: Limit = None,
    as_json: AsJson = False,
) -> None:
    """List returns (Wildberries: claims)."""

    def ask(opened: Account) -> Listing[Return]:
        return opened.returns(is_open=is_open)

    _list(config, account, Capability.RETURNS, show.RETURNS, ask, limit=limit, as_json=as_json)


def _list(
    config: Path | None,
    account: str | None,
    capability: Capability,
    view: show.View[T],
    ask: Callable[[Account], Listing[T]],
    *,
    limit: int | None,
    as_json: bool,
) -> NoReturn:
    with plain_errors():
        sources = sources_of(config, account)
        code = asyncio.run(
            lists.list_records(sources, capability, view, ask, limit=limit, as_json=as_json)
        )
    raise typer.Exit(code)


@app.command()
def inbox(config: Config = None, account: AccountName = None, as_json: AsJson = False) -> None:
    """Count the unanswered chats, questions, feedbacks and returns of all accounts."""
    with plain_errors():
        code = asyncio.run(show_waiting(sources_of(config, account), as_json=as_json))
    raise typer.Exit(code)


app.command()(export)
app.command()(listen)
app.add_typer(outbox, name="outbox")
app.add_typer(dead_letters, name="dead-letters")


@app.command()
def answer(
    kind: Annotated[lists.AnswerKind, typer.Argument(help="What to answer.")],
    record_id: Annotated[
        str, typer.Argument(metavar="ID", help="The id of the feedback or question.")
    ],
    text: Annotated[str, typer.Argument(help="The answer, or - to read it from stdin.")],
    config: Config = None,
    account: AccountName = None,
) -> None:
    """Answer a feedback or a question."""
    with plain_errors():
        body = sys.stdin.read().strip() if text == "-" else text
        asyncio.run(lists.answer(sources_of(config, account), kind, record_id, body))
