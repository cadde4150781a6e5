"""The seller of one cabinet, its users, and the portal's news."""

from __future__ import annotations

import random
import uuid
from bisect import bisect_left
from dataclasses import dataclass, field
from datetime import datetime

from wbym.testing import JsonObject
from wbym_wildberries.simulator import texts
from wbym_wildberries.simulator.context import Context
from wbym_wildberries.simulator.dates import DAY, MOSCOW, moscow_time, utc_time

SECTIONS = (
    "balance",
    "brands",
    "changeJam",
    "discountPrice",
    "finance",
    "showcase",
    "suppliersDocuments",
    "supply",
    "questions",
    "pinFeedbacks",
    "pointsForReviews",
    "feedbacks",
    "oldAnalyticsReports",
    "marketplace",
    "brandsFlow",
    "copyrightComplaints",
    "pretrialClaims",
    "sellersChat",
    "brandzone",
    "brandzoneSubscribe",
)
"""Sections of the cabinet that a user may access."""
_NOT_BY_DEFAULT = frozenset({"showcase", "changeJam"})
NEWS_PAGE = 100
_FIRST_NEWS = 7000
_INVITED_FOR = 30 * DAY
_TOPICS = ((1, "API"), (2, "Продвижение"), (3, "Логистика"), (4, "Карточки товаров"))
_HEADERS = (
    "Новые методы API для работы с карточками товаров",
    "Изменения в лимитах запросов",
    "Плановые работы на портале продавцов",
    "Обновили раздел с отзывами",
    "Новые пункты приёма заказов",
)


@dataclass(slots=True)
class User:
    """An active or invited user of the cabinet."""

    id: int
    phone: str
    position: str
    name: str = ""
    family: str = ""
    owner: bool = False
    invite: str = ""
    """Id of the invitation; "" for an active user."""
    expires: int = 0
    access: dict[str, bool] = field(default_factory=dict)
    """Whether a section is closed, by its code."""


class Seller:
    """The seller of one cabinet."""

    def __init__(self, context: Context) -> None:
        """Generates the news and the users."""
        news, users, seed = context.options.news, context.options.users, context.options.seed
        start = int(context.now())
        rng = random.Random(f"seller {seed}")
        self._rng = rng
        self._context = context
        self.name = texts.SUPPLIERS[seed % len(texts.SUPPLIERS)]
        self.trade_mark = texts.BRANDS[seed % len(texts.BRANDS)]
        self.country = "RU"
        self.tin = f"77{seed % 10**8:08d}"
        self._news_dates = [start - (news - number) * 8 * 3600 for number in range(news)]
        self._next_user = 1001 + users
        self.users: dict[int, User] = {}
        self.invited: list[User] = []
        for number in range(users):
            self.users[1001 + number] = User(
                1001 + number,
                f"7999000{number:04d}",
                "Руководитель" if number == 0 else "Менеджер",
                texts.NAMES[number % (len(texts.NAMES) - 1)],
                f"Тестов-{number}",
                owner=number == 0,
                access={code: False for code in SECTIONS if code not in _NOT_BY_DEFAULT},
            )

    # News.

    def news_from(self, moment: float) -> list[JsonObject]:
        """A page of news, the oldest since a moment first."""
        return self._news(bisect_left(self._news_dates, moment))

    def news_from_id(self, identifier: int) -> list[JsonObject]:
        """A page of news that begins with an id."""
        return self._news(max(0, identifier - _FIRST_NEWS))

    def _news(self, low: int) -> list[JsonObject]:
        numbers = range(low, min(low + NEWS_PAGE, len(self._news_dates)))
        return [
            {
                "id": _FIRST_NEWS + number,
                "date": moscow_time(self._news_dates[number]).decode(),
                "header": _HEADERS[number % len(_HEADERS)],
                "content": f"{_HEADERS[number % len(_HEADERS)]}. {texts.ANSWERS[number % 3]}",
                "types": [{"id": topic, "name": name} for topic, name in _topics(number)],
            }
            for number in numbers
        ]

    # Users.

    def invite(self, phone: str, position: str, access: dict[str, bool]) -> User:
        """Invites a user.

        Args:
            phone: The recipient of the invitation.
            position: The user's job title.
            access: Whether a section is closed, by its code.
        """
        everything = set(access) == set(SECTIONS)
        granted = {code: False for code in SECTIONS if code not in _NOT_BY_DEFAULT}
        user = User(
            0,
            phone,
            position,
            invite=str(uuid.UUID(int=self._rng.getrandbits(128), version=4)),
            expires=int(self._context.now()) + _INVITED_FOR,
            access=access if everything else {**granted, **access},
        )
        self.invited.insert(0, user)
        self._context.effects["invite"] += 1
        return user

    def delete(self, identifier: int) -> bool:
        """Removes a user; False if it does not exist, or is the owner."""
        user = self.users.get(identifier)
        if user is None or user.owner:
            return False
        del self.users[identifier]
        self._context.effects["user_delete"] += 1
        return True

    def set_access(self, user: User, access: dict[str, bool]) -> None:
        """Opens and closes sections; others are unchanged."""
        user.access.update(access)
        self._context.effects["user_access"] += 1


def moment_of(date: str) -> float:
    """Unix time at which a date begins in Moscow.

    Raises:
        ValueError: It is not a date.
    """
    day = datetime.strptime(date, "%Y-%m-%d")  # noqa: DTZ007 -- the zone is set below
    return day.replace(tzinfo=MOSCOW).timestamp()


def user_row(user: User) -> JsonObject:
    """A user as the list shows it."""
    invitee: JsonObject | None = None
    if user.invite:
        invitee = {
            "phoneNumber": user.phone,
            "position": user.position,
            "inviteUuid": user.invite,
            "expiredAt": utc_time(user.expires).decode(),
            "isActive": True,
        }
    return {
        "id": user.id,
        "role": "" if user.invite else "user",
        "position": user.position,
        "phone": user.phone,
        "email": "" if user.invite else f"user{user.id}@example.com",
        "isOwner": user.owner,
        "firstName": user.name,
        "secondName": user.family,
        "patronymic": "",
        "goodsReturn": user.owner,
        "isInvitee": bool(user.invite),
        "inviteeInfo": invitee,
        "access": [{"code": code, "disabled": closed} for code, closed in user.access.items()],
    }


def _topics(number: int) -> list[tuple[int, str]]:
    return [_TOPICS[number % 4]] if number % 5 else [_TOPICS[number % 4], _TOPICS[(number + 1) % 4]]
