"""The command ``wbym demo``."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from wbym.cli.demo import Sizes, run_demo
from wbym.cli.demo_assistant import run_assistant
from wbym.cli.progress import Bars, Lines, Quiet, Watch
from wbym.cli.show_demo import (
    introduce,
    outcome_line,
    show_next,
    show_outcome,
    show_survived,
)
from wbym.cli.simulate import simulators
from wbym.cli.terminal import complain, output, plain_errors

__all__ = ["demo"]

Count = typer.Option(
    min=0, metavar="N", help="Number in each simulated shop. Default: chosen by the simulator."
)


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
