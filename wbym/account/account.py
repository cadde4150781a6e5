"""What every account offers, whatever its marketplace, and where adapters are found."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from types import TracebackType
from typing import ClassVar, Protocol, Self, TypeVar, overload

import msgspec

from wbym.account.facts import CatalogRow, CheckReport, CredentialFacts
from wbym.account.support import Capabilities
from wbym.calls import DEFAULT_MAX_WAIT, Endpoint, Part, QueryValue, Row
from wbym.domain import Waiting
from wbym.errors import SetAside
from wbym.limits import BucketState, Priority

__all__ = ["Adapter", "installed_adapters"]

R = TypeVar("R")


class Adapter(Protocol):
    """What every account offers, whatever its marketplace."""

    marketplace: ClassVar[str]
    """The adapter's name, such as ``"wildberries"``."""
    capabilities: ClassVar[Capabilities]
    """What the marketplace can do."""

    @property
    def name(self) -> str:
        """The account's name."""
        ...

    @property
    def set_aside(self) -> Sequence[SetAside]:
        """Records that could not be decoded, oldest first."""
        ...

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        """Every endpoint that the adapter knows."""
        ...

    @classmethod
    def from_secret(
        cls,
        secret: str,
        *,
        name: str,
        base_url: str | None = None,
        max_wait: float | None = DEFAULT_MAX_WAIT,
    ) -> Self:
        """An account from the text that the environment or a file holds for it.

        Raises:
            InvalidToken: The secret is none of this marketplace.
        """
        ...

    def credentials(self) -> list[CredentialFacts]:
        """What the account's credentials say of themselves, read offline."""
        ...

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        """What the account can do: which methods, on which hosts, at what pace; what is missing.

        A question that fails is part of the report, and raises nothing.

        Args:
            online: Whether the marketplace is asked, with a request or two, whose the credentials
                are. Without that the report says what is known offline.
            ping: Whether each host is asked as well if it takes the account's credentials, where
                the marketplace has a method for that. It may block who does so in a loop.
        """
        ...

    @overload
    async def call(
        self,
        operation: Endpoint[R],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> R: ...

    @overload
    async def call(
        self,
        operation: Row | Callable[..., object],
        *,
        path: Mapping[str, str | int] | None = None,
        query: Mapping[str, QueryValue] | None = None,
        body: object = msgspec.UNSET,
        parts: Sequence[Part] = (),
        priority: Priority | None = None,
    ) -> object: ...

    async def counts(self) -> Waiting:
        """How much waits for the seller, with as few requests as the marketplace allows."""
        ...

    def limits(self) -> list[BucketState]:
        """The buckets that the account has used: used, left, waiting, next free."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None: ...

    async def aclose(self) -> None:
        """Close what the account opened."""
        ...


def installed_adapters() -> dict[str, type[Adapter]]:
    """The adapters of this environment by name; asking loads them."""
    return {point.name: point.load() for point in entry_points(group="wbym.adapters")}
