"""The methods of directories: subjects, characteristics and their values."""

from __future__ import annotations

from wbym.testing import Call, Handlers, RecordFields, Refusal, Response, json_response, route
from wbym_wildberries.simulator import data_directories as directories
from wbym_wildberries.simulator import replies, texts
from wbym_wildberries.simulator.data_directories import in_language
from wbym_wildberries.simulator.limits import BRANDS, CHARACTERISTICS, CONTENT
from wbym_wildberries.simulator.requests import BadParameter, digits, integer, required
from wbym_wildberries.simulator.state import Cabinet
from wbym_wildberries.simulator.tokens import CATEGORIES

SCOPE = CATEGORIES["content"]
MAX_SUBJECTS = 1000
SUBJECTS = 30
"""Default number of subjects on a page."""
BRANDS_PAGE = 100
BRANDS_OF_SUBJECT = 250
_PATH = "/content/v2"
LOCALES = frozenset({"ru", "en", "zh"})


def locale_of(call: Call) -> str:
    """The language of a response.

    Raises:
        BadParameter: It is not a published one.
    """
    locale = call.query("locale") or "ru"
    if locale not in LOCALES:
        raise BadParameter("locale")
    return locale


def _by(name: str) -> RecordFields:
    """The records of a directory, identified by a field."""
    return RecordFields(("data",), name)


class DirectoryHandlers(Handlers[Cabinet], bucket=CONTENT, scope=SCOPE):
    """Serves the directories, which are the same for every seller."""

    @route("GET", f"{_PATH}/object/parent/all", records=_by("id"))
    async def parents(self, call: Call) -> Response:
        """All parents of subjects."""
        locale = locale_of(call)
        return replies.content_response(
            [
                {
                    "id": one.id,
                    "name": in_language(one.name, one.english, locale),
                    "isVisible": True,
                }
                for one in directories.PARENTS
            ]
        )

    @route("GET", f"{_PATH}/object/all", records=_by("subjectID"))
    async def subjects(self, call: Call) -> Response:
        """Subjects, found by a part of the name in any language."""
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
        return replies.content_response(
            found[offset : offset + (SUBJECTS if limit is None else limit)]
        )

    @route("GET", f"{_PATH}/object/charcs/{{subjectId}}", records=_by("charcID"))
    async def characteristics(self, call: Call) -> Response:
        """Characteristics of a subject."""
        locale = locale_of(call)
        identifier = digits(call.path("subjectId"))
        subject = None if identifier is None else directories.subject(identifier)
        if subject is None:
            raise BadParameter("subjectId")
        return replies.content_response(
            [
                {
                    "charcID": one.id,
                    "subjectName": in_language(subject.name, subject.english, locale),
                    "subjectID": subject.id,
                    "name": in_language(one.name, one.english, locale),
                    "required": one.required,
                    "unitName": one.unit,
                    "maxCount": one.max_count,
                    "popular": one.popular,
                    "charcType": one.kind,
                    "hasFilter": one.popular,
                    "isVariable": one.id in directories.VARIABLE,
                    "existNamedField": one.id in directories.NAMED,
                }
                for one in directories.characteristics(subject.id).values()
            ]
        )

    @route("GET", f"{_PATH}/directory/colors", bucket=CHARACTERISTICS, records=_by("name"))
    async def colors(self, call: Call) -> Response:
        """All colors."""
        locale_of(call)
        return replies.content_response(
            [{"name": name, "parentName": parent} for name, parent in directories.COLORS]
        )

    @route("GET", f"{_PATH}/directory/countries", records=_by("id"))
    async def countries(self, call: Call) -> Response:
        """All countries."""
        locale_of(call)
        return replies.content_response(
            [
                {"id": identifier, "name": name, "fullName": full}
                for identifier, name, full in directories.COUNTRIES
            ]
        )

    @route("GET", f"{_PATH}/directory/tnved", records=_by("tnved"))
    async def codes(self, call: Call) -> Response:
        """HS codes that begin with the search text."""
        locale_of(call)
        subject = required(integer(call, "subjectID"), "subjectID")
        search = call.query("search") or ""
        return replies.content_response(
            [code for code in directories.codes(subject) if str(code["tnved"]).startswith(search)]
        )

    @route("GET", f"{_PATH}/directory/kinds", bucket=CHARACTERISTICS)
    async def kinds(self, call: Call) -> Response:
        """All kinds of buyers."""
        return replies.content_response(directories.KINDS)

    @route("GET", f"{_PATH}/directory/seasons", bucket=CHARACTERISTICS)
    async def seasons(self, call: Call) -> Response:
        """All seasons."""
        return replies.content_response(directories.SEASONS)

    @route("GET", f"{_PATH}/directory/vat", bucket=CHARACTERISTICS)
    async def vat(self, call: Call) -> Response:
        """All VAT rates."""
        return replies.content_response(directories.VAT)

    @route("GET", "/api/content/v1/brands", bucket=BRANDS)
    async def brands(self, call: Call) -> Response:
        """Brands of a subject; `next` is absent on the last page."""
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
        return json_response(page)


def _brand(subject: int, number: int) -> dict[str, object]:
    name = texts.BRANDS[number % len(texts.BRANDS)]
    return {
        "id": 9_007_199_000 + subject * BRANDS_OF_SUBJECT + number,
        "name": name if number < len(texts.BRANDS) else f"{name} {number // len(texts.BRANDS)}",
        "logoUrl": f"https://static-basket-01.wbbasket.ru/vol0/brands/{number}.jpg",
    }
