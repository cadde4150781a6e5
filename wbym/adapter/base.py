"""What accounts of every marketplace do alike: being closed, and keeping what was set aside."""

import logging
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import ClassVar, Final, Self

from wbym.calls import Pipeline
from wbym.errors import SetAside
from wbym.observe import LogFacts

__all__ = ["AccountBase"]


class AccountBase:
    """An account that makes its calls through one pipeline, which the adapter makes.

    The pipeline gets :meth:`keep` as its ``on_set_aside``.

    Args:
        name: The account's name.
        on_set_aside: Gets each record that could not be decoded; without it they are kept in
            :attr:`set_aside`.
    """

    marketplace: ClassVar[str]
    _pipeline: Pipeline

    def __init__(self, name: str, on_set_aside: Callable[[SetAside], None] | None = None) -> None:
        self.name: Final = name
        self._kept: list[SetAside] = []
        self._on_set_aside = on_set_aside or self._kept.append

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
        """Close the account's session, unless it was lent."""
        await self._pipeline.aclose()

    @property
    def set_aside(self) -> Sequence[SetAside]:
        """Records that could not be decoded, oldest first, unless ``on_set_aside`` gets them."""
        return tuple(self._kept)

    def keep(self, aside: SetAside) -> None:
        """Say that a record was set aside, and pass it on or keep it."""
        logger = logging.getLogger(f"wbym.{self.marketplace}")
        logger.warning(
            "%s: set aside %r",
            self.name,
            aside,
            extra=LogFacts(
                marketplace=self.marketplace, account=self.name, endpoint=aside.endpoint
            ),
        )
        self._on_set_aside(aside)
