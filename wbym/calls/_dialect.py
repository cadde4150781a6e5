"""The interface between the pipeline and one marketplace's HTTP conventions.

An adapter implements :class:`Dialect`; the pipeline knows marketplaces only through it. Its methods
are pure: they do no I/O and do not wait.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from wbym.calls._endpoint import Endpoint
from wbym.calls._http import Response
from wbym.calls._replies import Refusal
from wbym.limits import Charge, LimitSignal

__all__ = ["Dialect"]


class Dialect(Protocol):
    """The HTTP conventions of one marketplace, for one account."""

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
        """The owners of the account's buckets, as in ``BucketKey.owner``."""
        ...

    def address(self, endpoint: Endpoint[object]) -> str:
        """The scheme and host for the endpoint, without a trailing slash."""
        ...

    def authorize(self, endpoint: Endpoint[object]) -> Mapping[str, str]:
        """The headers that authenticate the account.

        Raises:
            CredentialError: The account's credentials cannot make this call.
        """
        ...

    def charges(
        self, endpoint: Endpoint[object], path: Mapping[str, str | int]
    ) -> Sequence[Charge]:
        """The buckets that the call counts in.

        Args:
            endpoint: The call's endpoint.
            path: Its path parameters.
        """
        ...

    def signal(self, response: Response) -> LimitSignal | None:
        """The limit stated in the headers; None if they state none."""
        ...

    def refusal(self, response: Response) -> Refusal | None:
        """The marketplace's error in an answer with an unexpected status.

        None if the body does not have one of the marketplace's own shapes, as that of a gateway,
        and for 202, which only means that the result is not ready. For 420 and 429 whatever the
        body: they always mean that a limit was exceeded.
        """
        ...
