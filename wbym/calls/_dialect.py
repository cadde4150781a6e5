"""What a marketplace's HTTP looks like, as one account sees it.

An adapter implements :class:`Dialect`; the pipeline knows marketplaces only through it. All of it
is pure: no I/O, no waiting.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from wbym.calls._endpoint import Endpoint
from wbym.calls._http import Response
from wbym.calls._replies import Refusal
from wbym.limits import Charge, LimitSignal

__all__ = ["Dialect"]


class Dialect(Protocol):
    """One account's way of speaking to one marketplace."""

    @property
    def marketplace(self) -> str:
        """The adapter's name, such as ``"wildberries"``."""
        ...

    @property
    def account(self) -> str:
        """The account's name."""
        ...

    @property
    def owners(self) -> Collection[str]:
        """Whom the account's calls count for, as in the keys of its buckets."""
        ...

    def address(self, endpoint: Endpoint[object]) -> str:
        """The scheme and host for the endpoint, without a slash at the end."""
        ...

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        """The headers that identify the account.

        Raises:
            CredentialError: The account's credentials cannot make this call.
        """
        ...

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        """The buckets that the call counts in."""
        ...

    def signal(self, response: Response) -> LimitSignal | None:
        """What the headers say of the limit; None where they say nothing."""
        ...

    def refusal(self, response: Response) -> Refusal | None:
        """The refusal in an answer outside the promised statuses.

        None if the body is not in one of the marketplace's own shapes, as a gateway's is, and if
        it refuses nothing, as 202 does. Of 420 and 429 whatever the body: they are refusals.
        """
        ...
