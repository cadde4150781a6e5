"""How much each benchmark does: enough for figures to keep, or little to see that all works."""

import msgspec

__all__ = ["FULL", "QUICK", "Sizes"]


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """What the benchmarks repeat, and how often."""

    pages: int = 40
    """Of 5,000 feedbacks each, the last one a record short; see ``benchmarks.bulk``."""
    runs: int = 5
    sweeps: int = 5
    """How often the list is read by one client to see whether its memory grows."""
    calls: int = 30
    """To feedbacks, and as many to questions."""
    jitter_sellers: int = 16
    jitter_calls: int = 63
    """By each of those sellers."""
    leases: int = 10_000
    """In one run of the scheduler's fast path."""
    sellers: int = 10_000
    market_feedbacks: int = 20_000
    market_windowed: int = 5_000
    """Of Yandex Market, read in windows behind a slow network."""
    inbox_accounts: int = 100
    """Of each marketplace."""
    inbox_chats: int = 320
    """Of each account of Wildberries: its feed of events takes the longest."""


FULL = Sizes()
QUICK = Sizes(
    pages=7,
    runs=2,
    sweeps=2,
    calls=10,
    jitter_sellers=16,
    jitter_calls=10,
    leases=3_000,
    sellers=2_000,
    market_feedbacks=3_000,
    market_windowed=1_000,
    inbox_accounts=10,
    inbox_chats=150,
)
