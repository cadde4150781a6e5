"""The addresses and the rate of notifications that are accepted.

Notifications have no signature: only the address identifies Market. The peer's address counts. If
the peer is a trusted proxy, the address in its header counts instead, read from the right, past
further trusted proxies; anybody may have written the entries left of it, so they are ignored.
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
"""The networks of Market's notifications, as it publishes them (2026-07-17)."""
RATE: Final = 100.0
"""Max notifications per second by default, and the burst."""


class Sources:
    """The addresses that may send notifications.

    Args:
        networks: The networks whose requests are accepted, such as :data:`MARKET_NETWORKS`.
        proxy: The trusted proxy whose header says where a request came from; by default none.

    Raises:
        InvalidInput: A network is malformed.
    """

    def __init__(self, networks: Collection[str], proxy: TrustedProxy | None = None) -> None:
        proxy = proxy or TrustedProxy()
        self.header: Final = proxy.header
        self._allowed = _networks("networks", networks)
        self._proxies = _networks("proxy", proxy.networks)

    def origin(self, peer: str | None, written: Sequence[str] = ()) -> Address | None:
        """The address that a request came from.

        Args:
            peer: The address at the other end of the connection.
            written: The lines of :attr:`header`.

        Returns:
            None if not known: the address is malformed, or the peer has none, as on a Unix socket.
        """
        address = _address(peer or "")
        entries = ",".join(written).split(",") if written else []
        while address is not None and entries and _within(address, self._proxies):
            address = _address(entries.pop())
        return address

    def allows(self, origin: Address | None) -> bool:
        """Whether a request from this address is accepted."""
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
