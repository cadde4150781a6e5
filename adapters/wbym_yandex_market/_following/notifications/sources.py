"""Where a request came from, whether that is Market, and how often it may come.

Notifications carry no signature: all that tells Market from others is the address. The peer's
address counts. Where the peer is a proxy of one's own, what it wrote into a header counts instead,
read from the right, past further proxies of one's own; what stands left of that anybody may have
written, and it is not looked at.
"""

from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, TypeAlias

from wbym.account import TrustedProxy
from wbym.errors import InvalidInput

__all__ = ["MARKET_NETWORKS", "RATE", "Address", "Sources"]

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

MARKET_NETWORKS: Final = ("5.45.207.0/25", "141.8.142.0/25", "5.255.253.0/25")
"""Where Market's notifications come from, as it publishes (2026-07-17)."""
RATE: Final = 100.0
"""Notifications a second, and at once, where nothing else is said."""


class Sources:
    """The addresses that may send notifications.

    Args:
        networks: Whose requests are taken, such as :data:`MARKET_NETWORKS`.
        proxy: Whose word is taken for where a request came from; nobody's without it.

    Raises:
        InvalidInput: A network is none.
    """

    def __init__(self, networks: Collection[str], proxy: TrustedProxy | None = None) -> None:
        proxy = proxy or TrustedProxy()
        self.header: Final = proxy.header
        self._allowed = _networks("networks", networks)
        self._proxies = _networks("proxy", proxy.networks)

    def origin(self, peer: str | None, written: Sequence[str] = ()) -> Address | None:
        """Where a request came from.

        Args:
            peer: Who is at the other end of the connection.
            written: The lines of :attr:`header`.

        Returns:
            None where that cannot be told: an address that counts cannot be read, or the peer has
            none, as on a Unix socket.
        """
        address = _address(peer or "")
        entries = ",".join(written).split(",") if written else []
        while address is not None and entries and _within(address, self._proxies):
            address = _address(entries.pop())
        return address

    def allows(self, origin: Address | None) -> bool:
        """Whether a request from there is taken."""
        return origin is not None and _within(origin, self._allowed)


def _networks(argument: str, texts: Collection[str]) -> tuple[Network, ...]:
    try:
        return tuple(ip_network(text) for text in texts)
    except ValueError as error:
        rule = f"must be networks, such as 10.0.0.0/8: {error}"
        raise InvalidInput("receiver", argument, rule, list(texts)) from None


def _address(text: str) -> Address | None:
    try:
        found = ip_address(text.strip())
    except ValueError:
        return None
    # A socket for both families gives IPv4 peers as ::ffff:1.2.3.4.
    return (found.ipv4_mapped if isinstance(found, IPv6Address) else None) or found


def _within(address: Address, networks: tuple[Network, ...]) -> bool:
    return any(address in network for network in networks)
