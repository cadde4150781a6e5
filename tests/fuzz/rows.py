"""Every row as an operation of a case."""

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from tests.fuzz.outcome import Outcome, Shop, use
from tests.fuzz.places import identity_of, record_type
from tests.support.bounds import sample
from wbym.calls import Row
from wbym.errors import InvalidInput, WbymError

__all__ = ["call_row", "is_list"]


def is_list(row: Row) -> bool:
    """Whether an answer of the row has a list of records."""
    return record_type(row) is not None and not row.endpoint.writes


async def call_row(shop: Shop, row: Row) -> Outcome:
    """Call a row's method with arguments that it takes, and read what it brings."""
    group = shop.account.group(row.group)
    method: Any = getattr(group, row.function.__name__)
    arguments = _arguments(row)
    outcome = Outcome(listed=row.name if is_list(row) else None)
    kind = record_type(row)
    identity = None if kind is None else identity_of(kind)

    def id_of(item: object) -> object:
        return None if identity is None else identity.of(item)

    if row.shape is not None:
        listing = method(**arguments)
        # Pages are small, so that there are some.
        sized = listing.using(size=2) if getattr(row.shape.scheme, "size", None) else listing
        return await shop.read(sized, id_of, outcome)
    try:
        if row.is_download:
            async with method(**arguments) as file:
                await file.read()
            return outcome
        result = await method(**arguments)
    except WbymError as error:
        outcome.error = error
        return outcome
    for item in result if isinstance(result, list | tuple) else [result]:
        use(item)
        if outcome.listed is not None:
            outcome.delivered.append(id_of(item))
    if outcome.listed is not None and isinstance(result, msgspec.Struct):
        # The records are in a page that is given whole.
        outcome.delivered += [
            id_of(item)
            for value in msgspec.structs.asdict(result).values()
            if isinstance(value, list)
            for item in value
        ]
    return outcome


def _arguments(row: Row) -> Mapping[str, object]:
    """Arguments that break no rule: what is needed, or else all."""
    signature = inspect.signature(row.function).parameters
    every = {one.name: sample(one.hint) for one in row.parameters}
    needed = {
        name: value
        for name, value in every.items()
        if signature[name].default is inspect.Parameter.empty
    }
    for chosen in (needed, every, *({**needed, name: every[name]} for name in every)):
        try:
            row.values((), dict(chosen))
        except InvalidInput:
            continue
        return chosen
    raise AssertionError(f"no arguments are known for {row.name}")
