"""A, B and C: bodies that are damaged beside their records, or are others.

Each kind takes the chooser, the body's tree and the place of the records in it; it gives the tree,
and changes of the final bytes.
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from tests.fuzz.places import leaves, put
from tests.fuzz.values import Tree
from tests.fuzz.wrong import DEEP, HOLE, WRONG

__all__ = [
    "FOREIGN",
    "ODD",
    "before",
    "beside",
    "beside_wrong",
    "cut",
    "instead",
    "list_of_another_type",
    "no_list",
    "null_list",
    "refusal_wrong",
]


def before(raw: bytes) -> Callable[..., tuple[Tree, Callable[[bytes], bytes]]]:
    def change(random: Random, tree: Tree, _: Sequence[str]) -> tuple[Tree, Any]:
        return tree, lambda body: raw + body

    return change


def beside(raw: bytes) -> Callable[..., tuple[Tree, Callable[[bytes], bytes]]]:
    """A field of the envelope that nobody reads, with these bytes as its value."""

    def change(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
        if not isinstance(tree, dict):
            return tree, lambda body: body
        depth = random.randint(0, max(len(path) - 1, 0))
        inner = put(tree, [*path[:depth], "notUsed"], HOLE)
        return inner, lambda body: body.replace(f'"{HOLE}"'.encode(), raw)

    return change


_MATTERS: Final = {"error", "errors", "errorText", "additionalErrors", "status"}
"""Fields of an envelope that say whether it is a refusal."""


def beside_wrong(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    """A field beside the records has another type, or is absent."""
    places = [
        place
        for place, _ in leaves(tree)
        if tuple(path[: len(place)]) != place
        and place[: len(path)] != tuple(path)
        and place[0] not in _MATTERS
    ]
    if not places or not isinstance(tree, dict):
        return tree, lambda body: body
    place = random.choice(places)
    value: Tree = tree
    for step in place:
        value = value[step]
    wrong = random.choice(
        [*WRONG[type(value)], "169…", 10**25, 1e40] if path else WRONG[type(value)]
    )
    return put(tree, place, wrong), lambda body: body


def refusal_wrong(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    """A field that says whether it is a refusal has another type."""
    if not isinstance(tree, dict):
        return tree, lambda body: body
    name = random.choice(sorted(_MATTERS & tree.keys()) or ["error"])
    return {**tree, name: random.choice(["x", 5, [], {}, [5], [{}], [None], None])}, lambda b: b


def instead(*bodies: bytes) -> Callable[..., tuple[Tree, Callable[[bytes], bytes]]]:
    def change(random: Random, tree: Tree, _: Sequence[str]) -> tuple[Tree, Any]:
        chosen = random.choice(bodies)
        return tree, lambda body: chosen

    return change


def null_list(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    return put(tree, path, None), lambda body: body


def no_list(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    """The envelope is there, and the list is not."""
    return put(tree, path[:-1], {}) if len(path) > 1 else {"title": "degraded"}, lambda body: body


def list_of_another_type(random: Random, tree: Tree, path: Sequence[str]) -> tuple[Tree, Any]:
    return put(tree, path, random.choice(["x", 5, {}, True, {"a": []}])), lambda body: body


def cut(random: Random, tree: Tree, _: Sequence[str]) -> tuple[Tree, Any]:
    return tree, lambda body: body[: random.randint(0, max(len(body) - 1, 0))]


PAGE: Final = b"<!DOCTYPE html><html><head><title>Error</title></head><body>nginx</body></html>"

FOREIGN: Final = (
    PAGE,
    b"",
    b'{"fault":{"faultstring":"Gateway","detail":{"errorcode":"policies.ratelimit"}}}',
    b"[]",
    b"null",
    b'"Not Found"',
    b'{"hello":"world"}',
    b"42",
    b"{",
    b"\xff\xfe\x00",
    b"Service unavailable",
)

ODD: Final = (*FOREIGN, b"{}", b'{"data":null}', b'{"result":{}}', b"true", DEEP)
