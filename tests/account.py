"""An account that has nothing, for tests to give it what they need."""

from collections.abc import Sequence
from types import TracebackType
from typing import ClassVar, Never, Self, TypeVar

from wbym.account import Capabilities, CatalogRow, CheckReport, CredentialFacts
from wbym.domain import Waiting
from wbym.errors import SetAside
from wbym.limits import BucketState

R = TypeVar("R")


class BareAccount:
    """What every account must have, and no noun."""

    marketplace: ClassVar[str] = "toy"
    capabilities: ClassVar[Capabilities] = {}

    def __init__(self, name: str) -> None:
        self.name = name
        self.closed = False
        self.set_aside: Sequence[SetAside] = ()

    @classmethod
    def catalog(cls) -> list[CatalogRow]:
        return []

    @classmethod
    def from_secret(
        cls, secret: str, *, name: str, base_url: str | None = None, max_wait: float | None = 300.0
    ) -> Self:
        return cls(name)

    def credentials(self) -> list[CredentialFacts]:
        return []

    async def check(self, *, online: bool = True, ping: bool = False) -> CheckReport:
        raise NotImplementedError

    async def call(self, operation: object, **_: object) -> Never:
        raise NotImplementedError

    async def counts(self) -> Waiting:
        raise NotImplementedError

    def limits(self) -> list[BucketState]:
        return []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        self.closed = True
