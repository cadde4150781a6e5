"""The SDK's side: each marketplace's operations, limits, hosts and requests."""

from collections.abc import Mapping, Set
from typing import Any, Final, TypeVar, get_type_hints

import msgspec

from tests.drift.files import Route
from tests.drift.shapes import UNKNOWN, Field, Shape, of_annotation, with_fields
from wbym.calls import Form, Row
from wbym.limits import Quota, Window
from wbym.paging import ByCursor, ByOffset, SinglePage
from wbym_wildberries import _dialect as wildberries_dialect
from wbym_wildberries import _limits as wildberries_limits
from wbym_wildberries import api as wildberries
from wbym_yandex_market import _dialect as yandex_market_dialect
from wbym_yandex_market import _limits as yandex_market_limits
from wbym_yandex_market import api as yandex_market

__all__ = ["MARKETPLACES", "Marketplace", "body_of", "parameters_of", "reach_of"]

Tier = TypeVar("Tier", bound=str)

_NUMBER: Final = frozenset({"integer"})


class Marketplace(msgspec.Struct, frozen=True):
    """The SDK's facts of one marketplace."""

    name: str
    rows: Mapping[Route, Row]
    hosts: Mapping[str, str]
    sandbox_hosts: Mapping[str, str]
    buckets: Mapping[str, Mapping[str, Quota | Window]]
    sandbox_buckets: Set[str]
    """Buckets that have another limit in the sandbox."""
    tiers: Mapping[str, str]
    """Our tiers by the file's name of a token type or subscription."""


def _routes(name: str, api: Any) -> dict[Route, Row]:  # noqa: ANN401 - a module
    return {Route(name, row.method, row.path): row for row in api.operations()}


def _buckets(
    table: Mapping[str, Mapping[Tier, Quota]] | Mapping[str, Mapping[Tier, Window]],
) -> dict[str, dict[str, Quota | Window]]:
    return {name: {str(tier): quota for tier, quota in row.items()} for name, row in table.items()}


MARKETPLACES: Final = (
    Marketplace(
        name="wildberries",
        rows=_routes("wildberries", wildberries),
        hosts=wildberries_dialect.HOSTS,
        sandbox_hosts=wildberries_dialect.SANDBOX_HOSTS,
        buckets=_buckets(wildberries_limits.BUCKETS),
        sandbox_buckets=wildberries_limits.SANDBOX_BUCKETS,
        tiers={
            "Personal": wildberries_limits.Tier.STANDARD,
            "Service": wildberries_limits.Tier.STANDARD,
            "Base with secret": wildberries_limits.Tier.STANDARD,
            "Base": wildberries_limits.Tier.BASE,
        },
    ),
    Marketplace(
        name="yandex_market",
        rows=_routes("yandex_market", yandex_market),
        hosts=yandex_market_dialect.HOSTS,
        sandbox_hosts={},
        buckets=_buckets(yandex_market_limits.BUCKETS),
        sandbox_buckets=frozenset(),
        tiers={
            "none": yandex_market_limits.Tier.STANDARD,
            "medium": yandex_market_limits.Tier.SUBSCRIPTION,
        },
    ),
)


def parameters_of(row: Row) -> dict[str, Field]:
    """The fields of the address and the headers, by place, such as ``query.limit``."""
    found = {f"path.{name}": Field(UNKNOWN) for name in row._unfilled}
    found |= {
        f"{one.location}.{one.wire}": _field(one.hint, one.default)
        for one in row.parameters
        if one.location in {"path", "query", "header"}
    }
    at, fields = _pages(row)
    if at is None:
        found |= {f"query.{name}": field for name, field in fields.items()}
    return found


def body_of(row: Row) -> tuple[str, Shape] | None:
    """``body`` or ``part`` with its shape; None if nothing is sent."""
    fields: dict[str, Field] = {}
    for one in row.parameters:
        if one.location == "whole body":
            return "body", of_annotation(one.hint)
        if one.location == "form":
            wire = next(mark.name for mark in one.annotations if isinstance(mark, Form))
            fields[wire] = _field(one.hint, one.default)
        elif one.location == "body":
            fields[one.wire] = _field(one.hint, one.default)
    if any(one.location == "form" for one in row.parameters):
        return "part", with_fields(UNKNOWN, (), fields)
    shape = with_fields(UNKNOWN, (), fields) if fields else UNKNOWN
    if row.options.body is not None:
        shape = _made(
            of_annotation(get_type_hints(row.options.body, include_extras=True)["return"])
        )
    at, pages = _pages(row)
    if at is not None:
        shape = with_fields(shape, at, pages)
    return ("body", shape) if shape.known else None


def _field(hint: object, default: object) -> Field:
    required = True if default is msgspec.UNSET else None if default is not None else False
    return Field(of_annotation(hint), required)


def _made(shape: Shape) -> Shape:
    """The shape of a function's result: fields without a default are always sent."""
    if shape.fields is None:
        return shape
    fields = {
        name: Field(_made(field.shape), None if field.required else False)
        for name, field in shape.fields.items()
    }
    return msgspec.structs.replace(shape, fields=fields)


def _pages(row: Row) -> tuple[tuple[str, ...] | None, dict[str, Field]]:
    """The parameters of pages with their place in the body; None for the address."""
    scheme = row.options.pages
    fields: dict[str, Field] = {}
    if scheme is None or isinstance(scheme, SinglePage):
        return None, fields
    if scheme.size is not None and scheme.max_size is not None:
        fields[scheme.size] = _number(1, scheme.max_size)
    if isinstance(scheme, ByOffset):
        return None, fields | {scheme.offset: _number(0, scheme.max_offset)}
    if isinstance(scheme, ByCursor):
        page: Any = row.options.page
        cursor = next(one for one in msgspec.structs.fields(page) if one.name == "cursor")
        known = of_annotation(cursor.type).fields or {}
        fields |= {name: Field(known[name].shape, required=False) for name in scheme.fields}
        return scheme.at, fields
    kinds = _NUMBER if scheme.is_number else frozenset({"string"})
    fields[scheme.token] = Field(Shape(kinds=kinds), required=False)
    return (() if scheme.where == "body" else None), fields


def _number(low: int, high: int | None) -> Field:
    bounds = {"min": low} if high is None else {"min": low, "max": high}
    return Field(Shape(kinds=_NUMBER, bounds=bounds))


def reach_of(row: Row) -> list[int]:
    """The number of records that pages reach, if limited."""
    reach = getattr(row.options.pages, "max_reach", None)
    return [] if reach is None else [reach]
