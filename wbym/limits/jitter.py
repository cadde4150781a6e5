"""How unevenly calls arrive: pure arithmetic, no clock and no loop.

A call leaves in time but arrives later, and not always by the same delay. Where delays lie between
``d`` and ``d + J`` seconds, the calls that arrive within some ``t`` seconds have left within
``t + J`` seconds; so a sender that keeps ``J / interval`` calls of the burst unused never exceeds
the limit as the marketplace counts it. A constant delay, however long, costs nothing.

The delay one way cannot be seen, but the time from sending to the first byte of the answer varies
by at least as much.
"""

__all__ = ["Spread"]

_BLOCK = 64
"""How many samples stay together; so many to twice as many are remembered."""


class Spread:
    """The greatest less the least of the last 64 to 128 samples.

    Two blocks are kept, the one being filled and the full one before it, each as its two extremes:
    little memory, and an extreme is forgotten after 128 samples at the latest.
    """

    __slots__ = ("_count", "_high", "_low", "_old_high", "_old_low")

    def __init__(self) -> None:
        self._count = 0
        self._low = self._old_low = float("inf")
        self._high = self._old_high = float("-inf")

    def add(self, sample: float) -> None:
        """Remember one sample."""
        if self._count == _BLOCK:
            self._old_low, self._old_high = self._low, self._high
            self._low = self._high = sample
            self._count = 1
            return
        self._count += 1
        if sample < self._low:
            self._low = sample
        if sample > self._high:
            self._high = sample

    @property
    def seen(self) -> float:
        """The greatest less the least, in the samples' unit; 0 before two samples."""
        if not self._count:
            return 0.0
        return max(self._high, self._old_high) - min(self._low, self._old_low)

    @property
    def likely(self) -> float:
        """What more samples will likely show: few show too little of a spread.

        Of ``n`` evenly spread samples the extremes are ``(n - 1) / (n + 1)`` of the whole apart.
        """
        if self._old_high >= self._old_low or self._count == _BLOCK:
            return self.seen
        if self._count < 2:
            return 0.0
        return self.seen * (self._count + 1) / (self._count - 1)
