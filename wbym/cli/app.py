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
from wbym.cli.demo import Sizes, run_demo
from wbym.cli.demo_assistant import run_assistant
from wbym.cli.export import export
from wbym.cli.listen import listen
from wbym.cli.options import AccountName, Config, moment, sources_of
from wbym.cli.outbox import outbox
from wbym.cli.progress import Bars, Lines, Quiet, Watch
from wbym.cli.show_demo import outcome_line, show_outcome, show_survived
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


AsJson = Annotated[bool, typer.Option("--json", help="Lines of JSON instead of a table.")]
Limit = Annotated[
    int | None,
    typer.Option(
        "--limit",
        min=1,
        metavar="N",
        help=f"Records of each account at most; tables: {lists.TABLE_ROWS}, JSON: all.",
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
        "--since", parser=moment, metavar="TIME", help="From this ISO time on, with its zone."
    ),
]
Until = Annotated[
    datetime | None,
    typer.Option("--until", parser=moment, metavar="TIME", help="Up to this ISO time."),
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

    Accounts come from a TOML file, \[accounts.NAME] with marketplace, secret_env (the name of the
    environment variable that holds the token) or secret_file, and options such as proxy; without
    one, from WBYM_<MARKETPLACE>_TOKEN and WBYM_<MARKETPLACE>_<OPTION>. Tokens are never given as
    arguments.
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
    assistant: Annotated[
        bool, typer.Option(help="Kill a shop assistant too, and see if it goes on.")
    ] = True,
) -> None:
    """Read and answer simulated shops over real HTTP, inside the real limits, without a token.

    About four in ten feedbacks and questions wait for an answer; those are read. Then an assistant
    answers messages in chats, is killed and started again. Exit code 1 if anything was refused, or
    lost, or sent twice.
    """
    with plain_errors():
        console = output()
        watch: Watch = (
            Quiet() if as_json else Bars(console) if console.is_terminal else Lines(console)
        )
        sizes = Sizes(feedbacks=feedbacks, questions=questions, chats=chats, returns=returns)
        with watch:
            outcome = asyncio.run(run_demo(simulators(), sizes, watch))
        if not as_json:
            show_outcome(console, outcome)
        problems = list(outcome.problems)
        survived = None
        if assistant:
            say = Quiet().say if as_json else Lines(console).say
            with TemporaryDirectory(prefix="wbym-demo-") as folder:
                survived = asyncio.run(run_assistant(simulators(), Path(folder), say))
            problems += survived.problems
            if not as_json:
                show_survived(console, survived)
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
def check(
    config: Config = None,
    account: AccountName = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Make no request: only what credentials say.")
    ] = False,
    ping: Annotated[
        bool,
        typer.Option(
            "--ping",
            help="Ask each host too if it takes the token, once. Wildberries blocks who does so "
            "more than 3 times in 30 s, and whoever automates it: not for scripts.",
        ),
    ] = False,
) -> None:
    """Say what each account can do: methods by category, hosts, rate, and what is missing.

    Exit code 1 if a credential is invalid or expired, or a marketplace does not take it.
    """
    if offline and ping:
        raise typer.BadParameter("--offline and --ping exclude each other")
    with plain_errors():
        sources = sources_of(config, account)
        valid = asyncio.run(check_accounts(sources, online=not offline, ping=ping))
    raise typer.Exit(0 if valid else 1)


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
    installed = installed_adapters()
    if marketplace is not None and marketplace not in installed:
        names = ", ".join(installed)
        raise typer.BadParameter(
            f"there is no marketplace {marketplace!r}; installed: {names}",
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
        typer.Option("--rating", parser=_ratings, metavar="1,2", help="Only with these ratings."),
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
        typer.Option("--waiting/--not-waiting", help="Only where the buyer waits for a reply."),
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
        bool | None, typer.Option("--open/--closed", help="Only under review, or only closed.")
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
    """Show how much waits for an answer, over all accounts."""
    with plain_errors():
        code = asyncio.run(show_waiting(sources_of(config, account), as_json=as_json))
    raise typer.Exit(code)


app.command()(export)
app.command()(listen)
app.add_typer(outbox, name="outbox")


@app.command()
def answer(
    kind: Annotated[lists.AnswerKind, typer.Argument(help="What is answered.")],
    record_id: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    text: Annotated[str, typer.Argument(help="The answer; - reads it from stdin.")],
    config: Config = None,
    account: AccountName = None,
) -> None:
    """Answer a feedback or a question, once."""
    with plain_errors():
        words = sys.stdin.read().strip() if text == "-" else text
        asyncio.run(lists.answer(sources_of(config, account), kind, record_id, words))
