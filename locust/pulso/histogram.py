"""The histogram of latencies of `internal/latency`, which has the reasons.

`internal/golden/latency.json` holds both to the same buckets and the same percentiles.
"""

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import Self

_FIRST = 100_000  # ns, the bound of bucket 0
_FINE = 8  # buckets in which the latency doubles
_BUCKETS = 155

# The largest whole number of ns that each bucket takes, but for the last one, which has no end.
BOUNDS = [int((_FIRST << i // _FINE) * 2 ** (i % _FINE / _FINE)) for i in range(_BUCKETS - 1)]


class Histogram:
    """Counts latencies, in an array of 1.2 KiB: a run of four hours has tens of thousands of these."""

    __slots__ = ("_counts",)

    def __init__(self, pairs: Iterable[tuple[int, int]] = ()) -> None:
        self._counts = array("Q", bytes(8 * _BUCKETS))
        for bucket, count in pairs:
            self._counts[bucket] = count

    def observe(self, milliseconds: float) -> None:
        """Count one latency."""
        self._counts[bisect_left(BOUNDS, round(milliseconds * 1e6))] += 1

    def merge(self, other: Self) -> None:
        """Add what another one has counted."""
        for bucket, count in enumerate(other._counts):
            if count:
                self._counts[bucket] += count

    def pairs(self) -> list[tuple[int, int]]:
        """Return `[(bucket, count), …]`, ascending, without empty buckets, as documents have it."""
        return [(bucket, count) for bucket, count in enumerate(self._counts) if count]

    @property
    def count(self) -> int:
        """How many latencies were counted."""
        return sum(self._counts)

    def quantile(self, share: float) -> float:
        """Estimate, in ms, the latency that this share (0 to 1) does not exceed; 0 when nothing was counted."""
        rank = max(1, math.ceil(share * self.count))
        for bucket, count in enumerate(self._counts):
            rank -= count
            if rank <= 0:
                return _FIRST / 1e6 * 2 ** ((bucket - 0.5) / _FINE)
        return 0.0
