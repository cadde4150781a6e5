"""Random-looking ids that are convertible back to the number of the record.

A million ids need no table: the number is multiplied by an odd constant modulo 2^48 and
packed with filler bytes; decoding is the inverse.
"""

from __future__ import annotations

import base64
import random

from wbym.testing import decode_base64url

_SPACE = 1 << 48
_FILLERS = 251


class RecordIds:
    """Ids of twenty characters, such as `YX52RZEBhH9mrcYdEJuD`."""

    def __init__(self, seed: str) -> None:
        rng = random.Random(seed)
        self._multiplier = rng.randrange(_SPACE) | 1
        self._offset = rng.randrange(_SPACE)
        self._inverse = pow(self._multiplier, -1, _SPACE)
        self._fillers = [rng.randbytes(9) for _ in range(_FILLERS)]

    def of(self, number: int) -> bytes:
        """The identifier of a record, as in JSON."""
        packed = (number * self._multiplier + self._offset) % _SPACE
        raw = packed.to_bytes(6, "big") + self._fillers[number % _FILLERS]
        return base64.urlsafe_b64encode(raw)

    def number(self, identifier: str) -> int | None:
        """The record's number; None if the id was not created here."""
        try:
            raw = decode_base64url(identifier)
        except ValueError:
            return None
        if len(raw) != 15:
            return None
        packed = int.from_bytes(raw[:6], "big")
        number = (packed - self._offset) * self._inverse % _SPACE
        return number if raw[6:] == self._fillers[number % _FILLERS] else None
