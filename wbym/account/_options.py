"""Options of accounts besides their secrets."""

import math
from typing import Final

import msgspec

from wbym.account._checks import require_address
from wbym.calls import (
    DEFAULT_MAX_BODY_SIZE,
    DEFAULT_MAX_WAIT,
    DEFAULT_TIMEOUT,
    Proxy,
    SecretText,
    require,
    safe_repr,
)
from wbym.errors import InvalidInput
from wbym.limits import is_store_address

__all__ = ["AccountOptions", "require_connection"]

_METHOD: Final = "options"


class AccountOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options that accounts of all marketplaces share; an adapter derives its own class.

    They are keyword arguments of the account's class and keys in ``wbym.toml``.

    Raises:
        InvalidInput: A value is out of its bounds.
    """

    base_url: str | None = None
    """A server to use instead of the marketplace's hosts: a simulator, a proxy of yours."""
    proxy: str | None = None
    """The address of an HTTP proxy, with its credentials if it requires them."""
    trust_env: bool = False
    """Whether to use ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds without a byte from the marketplace after which a call fails."""
    total_timeout: float | None = None
    """Seconds after which an answer that is not complete fails, without the time in which its
    reader takes nothing; ``inf`` for no maximum. By default ten times ``timeout``."""
    max_body_size: int = DEFAULT_MAX_BODY_SIZE
    """Max bytes of a body that is read into memory, after decompression."""
    max_wait: float | None = DEFAULT_MAX_WAIT
    """Max seconds that a call waits for its limits; None, or ``inf`` in ``wbym.toml``, for no
    limit."""
    limits: str | None = None
    """The address of the store that counts the limits for all processes: ``redis://`` or
    ``postgresql://``. By default this process counts alone."""

    def __post_init__(self) -> None:
        require_address(_METHOD, self.base_url)
        if self.max_wait == math.inf:
            msgspec.structs.force_setattr(self, "max_wait", None)
        if isinstance(self.proxy, str):
            msgspec.structs.force_setattr(self, "proxy", SecretText(self.proxy))
        if self.limits is not None:
            msgspec.structs.force_setattr(self, "limits", SecretText(self.limits))
            if not is_store_address(self.limits):
                rule = "must be an address such as redis://host or postgresql://host"
                raise InvalidInput(_METHOD, "limits", rule, self.limits)
        require_connection(
            _METHOD,
            proxy=self.proxy,
            timeout=self.timeout,
            total_timeout=self.total_timeout,
            max_body_size=self.max_body_size,
            max_wait=self.max_wait,
        )

    @safe_repr
    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({shown})"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        fields = msgspec.structs.asdict(self)
        if self.proxy is not None:
            fields["proxy"] = Proxy(self.proxy)  # which hides its credentials
        return list(fields.items())


def require_connection(
    method: str,
    *,
    proxy: str | None,
    timeout: float,
    total_timeout: float | None,
    max_body_size: int,
    max_wait: float | None,
) -> None:
    """Check the address of a proxy, and the bounds of times and sizes.

    Raises:
        InvalidInput: One is invalid; the credentials of a proxy are not shown.
    """
    if proxy is not None:
        Proxy(proxy, method)
    require(method, "timeout", timeout, float)
    if timeout <= 0:
        raise InvalidInput(method, "timeout", "must be more than 0 seconds", timeout)
    if total_timeout != math.inf:
        require(method, "total_timeout", total_timeout, float | None)
        if total_timeout is not None and total_timeout <= 0:
            rule = "must be more than 0 seconds"
            raise InvalidInput(method, "total_timeout", rule, total_timeout)
    require(method, "max_body_size", max_body_size, int)
    if max_body_size < 1:
        raise InvalidInput(method, "max_body_size", "must be at least 1 byte", max_body_size)
    require(method, "max_wait", max_wait, float | None)
    if max_wait is not None and max_wait < 0:
        raise InvalidInput(method, "max_wait", "must be at least 0 seconds", max_wait)
