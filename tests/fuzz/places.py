"""Where things are in a record and in a page, by what the row says of them."""

from collections.abc import Iterator, Sequence
from functools import cache
from types import NoneType
from typing import Any, Final, TypeAlias, get_args

import msgspec

from tests.fuzz.schemas import json_reply
from tests.fuzz.values import Tree
from wbym.calls import Row

__all__ = [
    "Identity",
    "camel",
    "identity_of",
    "leaves",
    "put",
    "record_type",
    "records_path",
    "take",
]

Step: TypeAlias = str | int


class Identity(msgspec.Struct, frozen=True):
    """Which field of a record tells it from others."""

    path: tuple[str, ...]
    """In the body."""
    fields: tuple[str, ...]
    """The same in the Struct."""
    kind: type
    """``str`` or ``int``."""

    def value(self, number: int) -> str | int:
        """The identity of record ``number``."""
        return number if self.kind is int else f"id-{number}"

    def of(self, record: object) -> object:
        """That of a record that was read."""
        for field in self.fields:
            record = getattr(record, field, None)
        return record


_KINDS: Final = (int, str)


def record_type(row: Row) -> type[msgspec.Struct] | None:
    """The Struct of one record, where an answer has a list of them."""
    reply = json_reply(row)
    return None if reply is None else reply.record


def records_path(row: Row) -> tuple[str, ...]:
    """Where in the body the records are."""
    reply = json_reply(row)
    return () if reply is None else reply.records


@cache
def identity_of(kind: type[msgspec.Struct]) -> Identity | None:
    """The field by which records of a type are told apart; None where there is none."""
    found = list(_candidates(kind))
    own = f"{kind.__name__.lower()}_id"

    def rank(candidate: tuple[bool, Identity]) -> tuple[bool, bool, bool, int]:
        required, identity = candidate
        name = identity.fields[-1].lower()
        is_id = name == "id" or name.endswith(("id", "_uuid"))
        return name != own, not required, not is_id, len(identity.path)

    return min(found, key=rank)[1] if found else None


def _candidates(kind: type[msgspec.Struct]) -> Iterator[tuple[bool, Identity]]:
    for field in msgspec.structs.fields(kind):
        bare = _bare(field.type)
        if bare in _KINDS:
            yield field.required, Identity((field.encode_name,), (field.name,), bare)
        elif isinstance(bare, type) and issubclass(bare, msgspec.Struct) and field.required:
            for required, inner in _candidates(bare):
                path = (field.encode_name, *inner.path)
                yield required, Identity(path, (field.name, *inner.fields), inner.kind)


def _bare(hint: Any) -> Any:  # noqa: ANN401 - an annotation
    while hasattr(hint, "__metadata__"):
        hint = hint.__origin__
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if len(kinds) == 1 and NoneType in get_args(hint):
        return _bare(kinds[0])
    return hint


def take(tree: Tree, path: Sequence[Step]) -> Tree:
    """What is at a place; None where there is none."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def put(tree: Tree, path: Sequence[Step], value: Tree) -> Tree:
    """The tree with a value at a place; objects on the way are made."""
    if not path:
        return value
    head, *rest = path
    if isinstance(head, str) and not isinstance(tree, dict):
        tree = {}
    inner = tree.get(head) if isinstance(tree, dict) else tree[head]
    tree[head] = put(inner, rest, value)
    return tree


def leaves(tree: Tree, path: tuple[Step, ...] = ()) -> Iterator[tuple[tuple[Step, ...], Tree]]:
    """Everything in a tree with its place, the inner ones too, without the tree itself."""
    pairs = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for step, value in pairs:
        here = (*path, step)
        yield here, value
        if isinstance(value, dict | list):
            yield from leaves(value, here)


def camel(name: str) -> str:
    """A Struct's attribute as both marketplaces spell it."""
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
