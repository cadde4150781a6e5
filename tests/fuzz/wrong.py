"""What is put in place of what should be there, and how a tree is written."""

import json
from collections.abc import Mapping, Sequence
from typing import Final

from tests.fuzz.values import Tree

__all__ = ["DEEP", "HALF", "HOLE", "WRONG", "encode"]

HALF: Final = "\ud83d"
"""Half of a surrogate pair."""


HOLE: Final = "@hole@"
"""A text in whose place bytes are put."""

DEEP: Final = b"[" * 1000 + b"]" * 1000

WRONG: Final[Mapping[type, Sequence[Tree]]] = {
    str: (5, 0.5, True, [], {}, ["x"], {"x": "y"}, None, HALF),
    int: ("5", "x", 1.5, 1e40, 10**25, -1, -(10**25), 2**63, True, [], {}, None),
    float: ("5", "x", 1e40, 1e308, -1e40, 10**25, [], {}, None),
    bool: ("true", 1, [], {}, None),
    dict: ("x", 5, [], None, True),
    list: ("x", 5, {}, None, [None], [[]], [5], ["x"], [{}], True),
    type(None): ("x", 5, [], {}, True, 1.5),
}


def encode(tree: Tree) -> bytes:
    """JSON; halves of surrogate pairs are escaped."""
    return (
        json.dumps(tree, ensure_ascii=False)
        .encode("utf-8", "surrogatepass")
        .replace(HALF.encode("utf-8", "surrogatepass"), rb"\ud83d")
    )
