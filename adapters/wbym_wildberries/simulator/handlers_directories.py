"""The methods of what cards are described with."""

from __future__ import annotations

from collections.abc import Callable

from wbym.testing._answers import Answer, Refusal, json_answer
from wbym.testing._server import Call, Route
from wbym.testing._spoil import Records
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator import replies, texts
from wbym_wildberries.simulator.data_directories import in_language
from wbym_wildberries.simulator.limits import BRANDS, CHARACTERISTICS, CONTENT
from wbym_wildberries.simulator.requests import BadParameter, integer, required
from wbym_wildberries.simulator.tokens import CATEGORIES

SCOPE = CATEGORIES["content"]
MAX_SUBJECTS = 1000
SUBJECTS = 30
"""Subjects on a page unless told."""
BRANDS_PAGE = 100
BRANDS_OF_SUBJECT = 250
LOCALES = frozenset({"ru", "en", "zh"})


def locale_of(call: Call) -> str:
    """The language of an answer.

    Raises:
        BadParameter: When it is not a published one.
    """
    locale = call.query("locale") or "ru"
    if locale not in LOCALES:
        raise BadParameter("locale")
    return locale


class DirectoryHandlers:
    """Serves the directories; they are the same for every seller."""

    def routes(self) -> list[Route]:
        """The table of methods."""

        def listed(path: str, answer: Callable[[Call], object], group: str) -> Route:
            async def serve(call: Call) -> Answer:
                return replies.content_answer(answer(call))

            records = Records(("data",), _IDS[path]) if path in _IDS else None
            return Route("GET", path, serve, group, SCOPE, False, records)

        base = "/content/v2"
        return [
            listed(f"{base}/object/parent/all", parents, CONTENT),
            listed(f"{base}/object/all", subjects, CONTENT),
            listed(f"{base}/object/charcs/{{subjectId}}", characteristics, CONTENT),
            listed(f"{base}/directory/colors", colors, CHARACTERISTICS),
            listed(f"{base}/directory/kinds", lambda _: directories.KINDS, CHARACTERISTICS),
            listed(f"{base}/directory/countries", countries, CONTENT),
            listed(f"{base}/directory/seasons", lambda _: directories.SEASONS, CHARACTERISTICS),
            listed(f"{base}/directory/vat", lambda _: directories.VAT, CHARACTERISTICS),
            listed(f"{base}/directory/tnved", codes, CONTENT),
            Route("GET", "/api/content/v1/brands", brands, BRANDS, SCOPE),
        ]


_IDS = {
    "/content/v2/object/parent/all": "id",
    "/content/v2/object/all": "subjectID",
    "/content/v2/object/charcs/{subjectId}": "charcID",
    "/content/v2/directory/colors": "name",
    "/content/v2/directory/countries": "id",
    "/content/v2/directory/tnved": "tnved",
}
"""What tells records apart, by method; the other directories are lists of words."""


def parents(call: Call) -> object:
    """`GET /content/v2/object/parent/all`."""
    locale = locale_of(call)
    return [
        {"id": one.id, "name": in_language(one.name, one.english, locale), "isVisible": True}
        for one in directories.PARENTS
    ]


def subjects(call: Call) -> object:
    """`GET /content/v2/object/all`: found by a part of the name in any language."""
    locale = locale_of(call)
    limit = integer(call, "limit", high=MAX_SUBJECTS)
    offset = integer(call, "offset") or 0
    parent = integer(call, "parentID")
    part = (call.query("name") or "").lower()
    names = {one.id: in_language(one.name, one.english, locale) for one in directories.PARENTS}
    found = [
        {
            "subjectID": one.id,
            "parentID": one.parent,
            "subjectName": in_language(one.name, one.english, locale),
            "parentName": names[one.parent],
        }
        for one in directories.SUBJECTS
        if (parent is None or one.parent == parent)
        and (part in one.name.lower() or part in one.english.lower())
    ]
    return found[offset : offset + (SUBJECTS if limit is None else limit)]


def characteristics(call: Call) -> object:
    """`GET /content/v2/object/charcs/{subjectId}`."""
    locale = locale_of(call)
    text = call.request.match_info["subjectId"]
    subject = directories.subject(int(text)) if text.isascii() and text.isdigit() else None
    if subject is None:
        raise BadParameter("subjectId")
    return [
        {
            "charcID": one.id,
            "subjectName": in_language(subject.name, subject.english, locale),
            "subjectID": subject.id,
            "name": in_language(one.name, one.english, locale),
            "required": one.required,
            "unitName": one.unit,
            "maxCount": one.most,
            "popular": one.popular,
            "charcType": one.kind,
            "hasFilter": one.popular,
            "isVariable": one.id in directories.VARIABLE,
            "existNamedField": one.id in directories.NAMED,
        }
        for one in directories.characteristics(subject.id).values()
    ]


def colors(call: Call) -> object:
    """`GET /content/v2/directory/colors`."""
    locale_of(call)
    return [{"name": name, "parentName": parent} for name, parent in directories.COLORS]


def countries(call: Call) -> object:
    """`GET /content/v2/directory/countries`."""
    locale_of(call)
    return [
        {"id": identifier, "name": name, "fullName": full}
        for identifier, name, full in directories.COUNTRIES
    ]


def codes(call: Call) -> object:
    """`GET /content/v2/directory/tnved`: codes that begin as is searched."""
    locale_of(call)
    subject = required(integer(call, "subjectID"), "subjectID")
    search = call.query("search") or ""
    return [code for code in directories.codes(subject) if str(code["tnved"]).startswith(search)]


async def brands(call: Call) -> Answer:
    """`GET /api/content/v1/brands`: `next` is absent when there is no more."""
    subject = required(integer(call, "subjectId"), "subjectId")
    after = integer(call, "next") or 0
    if directories.subject(subject) is None:
        raise Refusal(404, "Brands not found")
    numbers = range(after, min(after + BRANDS_PAGE, BRANDS_OF_SUBJECT))
    page: dict[str, object] = {
        "brands": [_brand(subject, number) for number in numbers],
        "total": BRANDS_OF_SUBJECT,
    }
    if after + BRANDS_PAGE < BRANDS_OF_SUBJECT:
        page["next"] = after + BRANDS_PAGE
    return json_answer(page)


def _brand(subject: int, number: int) -> dict[str, object]:
    name = texts.BRANDS[number % len(texts.BRANDS)]
    return {
        "id": 9_007_199_000 + subject * BRANDS_OF_SUBJECT + number,
        "name": name if number < len(texts.BRANDS) else f"{name} {number // len(texts.BRANDS)}",
        "logoUrl": f"https://static-basket-01.wbbasket.ru/vol0/brands/{number}.jpg",
    }
