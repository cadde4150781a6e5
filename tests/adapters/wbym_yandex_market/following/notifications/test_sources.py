"""Market's addresses, and trusted proxies."""

import pytest

from wbym.account import TrustedProxy
from wbym.errors import InvalidInput
from wbym_yandex_market._following.notifications.sources import MARKET_NETWORKS, Sources

PROXY = TrustedProxy(networks=("10.0.0.0/8", "fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "taken"),
    [
        ("5.45.207.0", True),
        ("5.45.207.127", True),
        ("5.45.207.128", False),
        ("141.8.142.77", True),
        ("5.255.253.1", True),
        ("::ffff:5.255.253.1", True),
        ("::ffff:9.9.9.9", False),
        ("fe80::1%eth0", False),
        ("127.0.0.1", False),
        ("", False),
        (None, False),
        ("market.yandex.ru", False),
    ],
)
def test_source_is_the_peer(peer: str | None, taken: bool) -> None:
    sources = Sources(MARKET_NETWORKS)
    assert sources.allows(sources.origin(peer)) is taken


@pytest.mark.parametrize(
    ("peer", "written", "origin"),
    [
        # Only trusted proxies are believed.
        ("9.9.9.9", ["5.45.207.1"], "9.9.9.9"),
        ("10.0.0.1", ["5.45.207.1"], "5.45.207.1"),
        # The client's own entries are left of those that the proxy adds.
        ("10.0.0.1", ["5.45.207.1, 9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["5.45.207.1", "9.9.9.9"], "9.9.9.9"),
        ("10.0.0.1", ["rubbish, 5.45.207.1"], "5.45.207.1"),
        # Further trusted proxies are skipped.
        ("10.0.0.1", ["9.9.9.9, 5.45.207.1,10.7.0.1 , fd00::2"], "5.45.207.1"),
        ("::ffff:10.0.0.1", ["5.45.207.1, ::ffff:10.0.0.2"], "5.45.207.1"),
        ("fd00::1", ["::ffff:5.45.207.1"], "5.45.207.1"),
        # A proxy's own request.
        ("10.0.0.1", [], "10.0.0.1"),
        ("10.0.0.1", ["10.0.0.2"], "10.0.0.2"),
        # An unreadable address belongs to no source.
        ("10.0.0.1", [""], None),
        ("10.0.0.1", ["5.45.207.1,"], None),
        ("10.0.0.1", ["5.45.207.1, unknown"], None),
        ("10.0.0.1", ["5.45.207.1:443"], None),
        ("10.0.0.1", ["5.45.207.1, _hidden, 10.0.0.2"], None),
        (None, ["5.45.207.1"], None),
    ],
)
def test_source_is_the_header_behind_a_proxy(peer: str, written: list[str], origin: str) -> None:
    found = Sources(MARKET_NETWORKS, PROXY).origin(peer, written)
    assert (None if found is None else str(found)) == origin


def test_header_is_ignored_without_a_proxy() -> None:
    assert str(Sources(MARKET_NETWORKS).origin("10.0.0.1", ["5.45.207.1"])) == "10.0.0.1"


def test_malformed_networks_are_rejected() -> None:
    with pytest.raises(InvalidInput, match="networks"):
        Sources(["5.45.207.0/33"])
    with pytest.raises(InvalidInput, match="proxy"):
        Sources(MARKET_NETWORKS, TrustedProxy(networks=("10.0.0.1/8",)))
