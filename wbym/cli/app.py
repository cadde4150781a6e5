"""The command line ``wbym``: its commands by name, each loaded when it is used.

A shell asks for completions with each press of a key, and ``wbym --version`` should not load HTTP
clients: this module imports typer alone.
"""

import logging
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from wbym import __version__

if TYPE_CHECKING:
    from typer._click import Context

__all__ = ["COMMANDS", "app"]

_SETTINGS: Final = {"help_option_names": ["-h", "--help"]}


class _Command(NamedTuple):
    """Where a command is, and what its help shows besides its docstring."""

    place: str
    """``module:attribute`` of a function, or of a Typer with commands of its own."""
    summary: str
    examples: Sequence[str]
    passes_arguments: bool = False
    """Whether arguments after the first are another program's."""


_REF: Final = "wildberries/shop-wb/feedback/YX52RZEBhH9mrcYdEJuD"

COMMANDS: Final[Mapping[str, _Command]] = MappingProxyType(
    {
        "check": _Command(
            "wbym.cli.check:check",
            "Show what each account can read and answer.",
            ("wbym check", "wbym check --account shop-wb --verbose"),
        ),
        "inbox": _Command(
            "wbym.cli.waiting:inbox",
            "Count the unanswered records of all accounts.",
            ("wbym inbox",),
        ),
        "feedbacks": _Command(
            "wbym.cli.lists:feedbacks",
            "List feedbacks, newest first.",
            (
                "wbym feedbacks --unanswered --rating 1,2 --since 7d",
                "wbym feedbacks --json | jq -r .text",
            ),
        ),
        "questions": _Command(
            "wbym.cli.lists:questions",
            "List questions, newest first.",
            ("wbym questions --unanswered", "wbym questions --since 2026-11-01 | cut -f 1,7"),
        ),
        "chats": _Command(
            "wbym.cli.lists:chats",
            "List chats, newest first.",
            ("wbym chats --waiting",),
        ),
        "returns": _Command(
            "wbym.cli.lists:returns",
            "List returns (Wildberries: claims), newest first.",
            ("wbym returns --open",),
        ),
        "show": _Command(
            "wbym.cli.records:show", "Show all of one record.", (f"wbym show {_REF}",)
        ),
        "messages": _Command(
            "wbym.cli.records:messages",
            "Show the messages of a chat.",
            ("wbym messages yandex_market/shop-ym/chat/4711 --since 7d",),
        ),
        "send": _Command(
            "wbym.cli.replies:send",
            "Send a message to a buyer.",
            (
                "wbym send yandex_market/shop-ym/chat/4711 'Здравствуйте!'",
                "wbym send yandex_market/shop-ym/chat/4711 - --file size-chart.pdf < reply.txt",
            ),
        ),
        "answer": _Command(
            "wbym.cli.replies:answer",
            "Answer a feedback or a question.",
            (
                f"wbym answer {_REF} 'Спасибо за отзыв!'",
                f"wbym answer {_REF} 'Спасибо!' --idempotency-key crm-4711 --state cli.db",
            ),
        ),
        "edit-answer": _Command(
            "wbym.cli.replies:edit_answer",
            "Replace the answer to a feedback or a question.",
            (f"wbym edit-answer {_REF} 'Спасибо за ваш отзыв!'",),
        ),
        "reject": _Command(
            "wbym.cli.replies:reject",
            "Reject a question, so that it is not published.",
            ("wbym reject wildberries/shop-wb/question/2ncBtX4B9I0UHoornoqG 'Не о товаре' --yes",),
        ),
        "decide": _Command(
            "wbym.cli.replies:decide",
            "Decide on a return.",
            (
                "wbym show wildberries/shop-wb/return/fe3e9337-e9f9-423c-8930-946a8ebef80",
                "wbym decide wildberries/shop-wb/return/fe3e9337-e9f9-423c-8930-946a8ebef80 "
                "approve1 --yes",
            ),
        ),
        "events": _Command(
            "wbym.cli.events:events",
            "Print new events as they happen, until Ctrl-C.",
            ("wbym events", "wbym events --json --since 1h | jq -c 'select(.from_buyer)'"),
        ),
        "export": _Command(
            "wbym.cli.export:export",
            "Export all records of a kind to a file, or add new ones to it.",
            (
                "wbym export feedbacks --since 2026-01-01 --to feedbacks.parquet",
                "wbym export all --since 2026-01-01 --to exports",
            ),
        ),
        "listen": _Command(
            "wbym.cli.listen:listen",
            "Receive the marketplaces' notifications for a feed.",
            ("wbym listen --port 8080 --trusted-proxy 10.0.0.0/8 --state wbym.db",),
        ),
        "outbox": _Command(
            "wbym.cli.outbox:outbox",
            "List and resolve replies with idempotency keys.",
            ("wbym outbox list", "wbym outbox resolve crm-4711 confirmed"),
        ),
        "dead-letters": _Command(
            "wbym.cli.dead_letters:dead_letters",
            "List events that could not be handled; deliver them again or drop them.",
            ("wbym dead-letters list", "wbym dead-letters retry --all"),
        ),
        "endpoints": _Command(
            "wbym.cli.endpoints:endpoints",
            "List all endpoints of the SDK with their limits.",
            ("wbym endpoints --marketplace wildberries",),
        ),
        "simulate": _Command(
            "wbym.cli.simulate:simulate",
            "Run a marketplace's simulator until Ctrl-C.",
            (
                "wbym simulate wildberries",
                "wbym simulate wildberries --port 8081 --feedbacks 1000 --error-rate 0.1",
            ),
            passes_arguments=True,
        ),
        "demo": _Command(
            "wbym.cli.demo_command:demo",
            "Read and answer simulated shops, without a token.",
            ("wbym demo",),
        ),
    }
)


def _epilog(examples: Sequence[str]) -> str:
    lines = [f"  {example}" for example in examples]
    return "\n".join(["\b", "Example:" if len(lines) == 1 else "Examples:", *lines])


def _load(name: str) -> TyperCommand | TyperGroup:
    """Load a command from its module."""
    command = COMMANDS[name]
    module, _, attribute = command.place.partition(":")
    found = getattr(import_module(module), attribute)
    epilog = _epilog(command.examples)
    if isinstance(found, typer.Typer):
        found.info.epilog = epilog
        loaded = typer.main.get_command(found)
    else:
        settings: dict[str, object] = dict(_SETTINGS)
        if command.passes_arguments:
            settings |= {
                "allow_extra_args": True,
                "ignore_unknown_options": True,
                "allow_interspersed_args": False,
            }
        alone = typer.Typer(add_completion=False, rich_markup_mode=None)
        alone.command(name, epilog=epilog, context_settings=settings)(found)
        loaded = typer.main.get_command(alone)
    if not isinstance(loaded, TyperCommand | TyperGroup):
        raise TypeError(f"{command.place} is not a command")
    loaded.name = name
    return loaded


class _Lazy(TyperCommand):
    """A command by its name and summary; it is loaded when it has to read its arguments."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: "Context | None" = None,
        **extra: object,
    ) -> "Context":
        """Parse arguments for the command itself, which the context then names."""
        return _load(info_name or "").make_context(info_name, args, parent, **extra)


_HELP: Final = """\
Read and answer buyers on Wildberries and Yandex Market.

Accounts are taken from the environment: WBYM_WILDBERRIES_TOKEN and WBYM_YANDEX_MARKET_TOKEN,
with options such as WBYM_WILDBERRIES_PROXY; or, for several accounts of a marketplace, from
wbym.toml. A token is never an argument.

Commands print each record with its ref, which all other commands take. Output is for people on
a terminal, and tab-separated elsewhere; --json prints lines of JSON. Times are in UTC.

\b
Exit codes:
  0    success
  1    a marketplace, the network or a file failed
  2    an option, a ref, the configuration or a token is wrong
  3    some accounts failed, the others are complete
  130  interrupted with Ctrl-C
"""

app: typer.Typer = typer.Typer(
    name="wbym",
    help=_HELP,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings=_SETTINGS,
    epilog=_epilog(
        (
            "export WBYM_WILDBERRIES_TOKEN=...",
            "wbym check",
            "wbym feedbacks --unanswered",
        )
    ),
)


def _print_version(value: bool) -> None:
    if value:
        typer.echo(f"wbym {__version__}")
        raise typer.Exit


@app.callback()
def start(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Log the calls to stderr.")
    ] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """Set up logging."""
    logger = logging.getLogger("wbym")
    if verbose:
        logging.basicConfig(format="%(asctime)s %(name)s %(levelname)s %(message)s")
        logger.setLevel(logging.DEBUG)
    elif not logger.handlers:
        # The commands report what matters themselves.
        logger.addHandler(logging.NullHandler())


def _unused() -> None:
    """Each command is loaded in place of this function."""


for _name, _command in COMMANDS.items():
    app.command(_name, cls=_Lazy, help=_command.summary)(_unused)
