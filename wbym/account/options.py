"""What can be said of any account besides its secrets."""

import msgspec

from wbym.calls import DEFAULT_MAX_WAIT, DEFAULT_TIMEOUT

__all__ = ["AccountOptions"]


class AccountOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The options that accounts of all marketplaces have; an adapter derives its own from it.

    They are the keyword arguments of the account's class.
    """

    base_url: str | None = None
    """One server instead of the marketplace's own: a simulator, a proxy of yours."""
    proxy: str | None = None
    """The address of an HTTP proxy."""
    trust_env: bool = False
    """Whether ``HTTP_PROXY``, ``HTTPS_PROXY``, ``NO_PROXY`` and ``.netrc`` are used."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds without a byte from the marketplace after which a call fails."""
    max_wait: float | None = DEFAULT_MAX_WAIT
    """Seconds that a call waits for its limits at most; None: as long as it takes."""
