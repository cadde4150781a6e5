"""The amount of work of each benchmark: full for published figures, or quick to test them."""

from typing import Final

import msgspec

__all__ = ["FULL", "QUICK", "TAKE", "Sizes"]

TAKE: Final = 5000
"""Feedbacks in a page of Wildberries."""


class Sizes(msgspec.Struct, frozen=True, kw_only=True):
    """The amounts of records, calls and repetitions."""

    pages: int = 40
    """Of 5,000 feedbacks each, the last one a record short; see ``benchmarks.bulk``."""
    memory_pages: tuple[int, ...] = (5, 10, 20, 40)
    runs: int = 5
    """Turns, if a loop by hand is the limit."""
    limited_runs: int = 2
    """Turns, if a run mostly waits for limits, and so varies little."""
    sweeps: int = 5
    """Number of times that one client reads the list, to measure the growth of its memory."""
    swept: int = 1_000_000
    """Feedbacks of an archive."""
    swept_changing: int = 200_000
    """Of one that changes: a fortieth as many arrive, and a tenth are answered."""
    swept_seeds: int = 50
    small_calls: int = 2_000
    imports: int = 7
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
    rounds_accounts: int = 1_000
    """Of each marketplace."""
    cards: int = 100_000
    feed_events: int = 1_000_000
    crash_messages: int = 20_000
    """At each marketplace."""
    crash_kills: int = 200
    shared_seconds: float = 40.0
    """For which eight processes call one seller's methods."""
    shared_pairs_seconds: float = 5.0
    """For which reservations are asked of a store."""
    soak_seconds: float = 600
    """For which buyers write."""
    soak_chats: int = 500
    """At each marketplace, at the start."""
    soak_locked: float = 15
    """Seconds for which the state file is locked."""
    soak_full: float = 10
    """Seconds for which its disk is full."""


FULL = Sizes()
QUICK = Sizes(
    pages=7,
    memory_pages=(2, 4),
    runs=1,
    limited_runs=1,
    sweeps=2,
    swept=60_000,
    swept_changing=40_000,
    swept_seeds=3,
    small_calls=300,
    imports=1,
    calls=10,
    jitter_sellers=16,
    jitter_calls=10,
    leases=3_000,
    sellers=2_000,
    market_feedbacks=3_000,
    market_windowed=1_000,
    rounds_accounts=50,
    inbox_accounts=10,
    inbox_chats=150,
    cards=10_000,
    feed_events=40_000,
    crash_messages=500,
    crash_kills=6,
    shared_seconds=6.0,
    shared_pairs_seconds=1.0,
    soak_seconds=25,
    soak_chats=50,
    soak_locked=4,
    soak_full=3,
)
