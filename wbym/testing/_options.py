"""The options of simulators, for the constructor and for the command line."""

import ast
import asyncio
import inspect
import sys
import time
from argparse import ArgumentParser, BooleanOptionalAction
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import wraps
from itertools import pairwise
from types import NoneType, UnionType
from typing import (
    ClassVar,
    Concatenate,
    Literal,
    ParamSpec,
    TypeVar,
    Union,
    get_args,
    get_origin,
    get_type_hints,
)

import msgspec

from wbym.testing._faults import Faults

S = TypeVar("S")
Given = TypeVar("Given")
P = ParamSpec("P")
_KINDS = frozenset({bool, int, float, str})


class SimulatorOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The options of every simulator; a marketplace's own options derive from them.

    Numbers, flags, strings and lists of them are on the command line too, with the fields'
    docstrings as help.
    """

    demo: ClassVar[Mapping[str, object]] = {}
    """The defaults of `--demo`: reading all of it within the limits takes seconds."""
    second_names: ClassVar[Mapping[str, str]] = {}
    """Further flags of the command line, by the field that they set."""

    feedbacks: int = 200
    """Number of feedbacks."""
    questions: int = 50
    """Number of questions."""
    chats: int = 10
    """Number of chats."""
    open_share: float = 0.4
    """Share of records that await the seller."""
    moderation: float = 0.0
    """Seconds for which texts of the seller await moderation; 0 publishes them at once."""
    seed: int = 0
    """Seed of all data and faults; the same seed, options and start give the same data."""
    limits: bool = True
    """Whether requests are limited; without limits, headers show full buckets."""
    limit_scale: float = 1.0
    """10.0 makes every limit ten times as generous."""
    faults: Faults | None = None
    """By default none."""
    clock: Callable[[], float] = time.monotonic
    """Monotonic seconds, for the limits."""
    wall: Callable[[], float] = time.time
    """Unix seconds, for dates."""
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    """Waits for n seconds."""


def keyword_options(
    kind: Callable[P, Given],
) -> Callable[[Callable[[S, Given], None]], Callable[Concatenate[S, P], None]]:
    """Lets an `__init__` that takes a Struct of options accept its fields as keyword arguments.

    Args:
        kind: The class of the options.
    """

    def wrap(init: Callable[[S, Given], None]) -> Callable[Concatenate[S, P], None]:
        @wraps(init)
        def wrapper(self: S, /, *args: P.args, **fields: P.kwargs) -> None:
            init(self, kind(*args, **fields))

        return wrapper

    return wrap


def add_options(
    parser: ArgumentParser,
    title: str,
    kind: type[SimulatorOptions] | type[Faults],
    *,
    but: str = "",
) -> None:
    """Adds the fields that a command line can set, except `but`, as a group of flags."""
    group = parser.add_argument_group(title)
    defaults, helps = kind(), _docstrings(kind)
    more: Mapping[str, str] = getattr(kind, "second_names", {})
    for name, hint in get_type_hints(kind).items():
        value, several = _value_of(hint)
        if name == but or not (value in _KINDS or get_origin(value) is Literal):
            continue
        default: object = getattr(defaults, name)
        flags = ["--" + name.replace("_", "-"), *([more[name]] if name in more else [])]
        text = helps.get(name, "").rstrip(".").replace("%", "%%")
        if value is bool:
            group.add_argument(
                *flags, dest=name, default=default, help=text, action=BooleanOptionalAction
            )
        elif get_origin(value) is Literal:
            group.add_argument(
                *flags, dest=name, default=default, help=text, choices=get_args(value)
            )
        else:
            group.add_argument(
                *flags,
                dest=name,
                default=default,
                help=text if default in {None, ()} else f"{text} (default: {default})",
                type=value,  # type: ignore[arg-type]
                nargs="+" if several else None,
                metavar="TEXT" if value is str else "N",
            )


def _value_of(hint: object) -> tuple[object, bool]:
    """The type of one value, and whether several are accepted."""
    if get_origin(hint) in {Union, UnionType}:
        hint = next(part for part in get_args(hint) if part is not NoneType)
    if get_origin(hint) in {tuple, Sequence}:
        return get_args(hint)[0], True
    return hint, False


def _docstrings(kind: type[object]) -> dict[str, str]:
    """The docstrings of a class's fields, those of its bases among them."""
    found: dict[str, str] = {}
    for part in kind.__mro__:
        for field, text in pairwise(_statements(part)):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found.setdefault(field.target.id, inspect.cleandoc(str(text.value.value)))
    return found


def _statements(kind: type[object]) -> list[ast.stmt]:
    """The body of a class, found by its module or, if a package exports it, below the package."""
    if kind.__module__.partition(".")[0] in {"builtins", "msgspec"}:
        return []
    for name, module in list(sys.modules.items()):
        if name.startswith(kind.__module__) and vars(module).get(kind.__name__) is kind:
            for node in ast.parse(inspect.getsource(module)).body:
                if isinstance(node, ast.ClassDef) and node.name == kind.__name__:
                    return node.body
    return []
