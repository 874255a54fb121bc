"""Which answers a recording keeps, without knowing how long the run will be.

The agent has a new sample once per interval, and a crowd reads each of them many times. A recording of N answers takes
every distinct sample once, then every sample's second answer, then its third, until it has N; where a step has more
answers than there is room for, it takes them evenly over the run. Since the agent samples at a steady pace, that is
also even in time, whatever the ramp of users does to the number of answers per second.

Memory is bounded by two thinnings, each of which leaves more than the N that are wanted:

* of the distinct samples, once there are over 4 N, every second one is dropped, and from then on only every second
  (fourth, eighth, …) new one is kept;
* of the repeated answers, once there are over 8 N in all, every second one is dropped of each sample that has more
  than half as many as the one with the most, and from then on that sample keeps only every second (fourth, …).

The price: of a run with more than 4 N distinct samples, the kept ones are every 2^k-th.
"""

from bisect import insort
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

from pulso.samples import Identity, check, identity, loads

T = TypeVar("T")

# Answers remembered by their bytes: all agents hand out the same bytes until their next sample.
_PARSED_BODIES = 64
# Dropped samples that are still recognised when they are answered again. The agent never goes back to an old sample,
# so only the most recent can return; without `host` and `secuencia` an equal content that returns later is new again.
_RECENTLY_DROPPED = 4096


class Answer(NamedTuple):
    """One answer of the agent."""

    arrival: float  # Unix time in seconds, of the load generator that received it
    body: bytes


@dataclass(slots=True)
class _Kept:
    """A distinct sample and when it was answered."""

    body: bytes
    arrivals: list[float] = field(default_factory=list)  # in order
    answers: int = 0
    stride: int = 1  # of its answers, each stride-th is kept

    def add(self, arrival: float) -> int:
        """Take one more answer; returns how many arrivals that added, 0 or 1."""
        self.answers += 1
        if (self.answers - 1) % self.stride:
            return 0
        insort(self.arrivals, arrival)  # workers report at different times; else it goes to the end
        return 1

    def thin(self) -> None:
        """Keep every second arrival, of those to come too."""
        self.arrivals = self.arrivals[::2]
        self.stride *= 2


def parse(body: bytes) -> Identity:
    """Check an answer's body and say which sample it is; raises SampleError."""
    return identity(check(loads(body)))


class Collector:
    """Collects answers and picks, at any time, the ones that a recording of `wanted` answers keeps."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted
        self.answers = 0
        self.distinct = 0
        self._kept: dict[Identity, _Kept] = {}
        self._arrivals = 0  # sum of the kept samples' arrivals
        self._stride = 1  # of the distinct samples, each stride-th is kept
        self._dropped: OrderedDict[Identity, None] = OrderedDict()
        self._parsed: OrderedDict[bytes, Identity] = OrderedDict()

    def add(self, arrival: float, body: bytes) -> Identity:
        """Take one answer and say which sample it is; raises SampleError when it is none."""
        key = self._identity(body)
        self._take(key, arrival, body)
        return key

    def _take(self, key: Identity, arrival: float, body: bytes) -> None:
        self.answers += 1
        kept = self._kept.get(key)
        if kept is None:
            if key in self._dropped:
                return
            self.distinct += 1
            if (self.distinct - 1) % self._stride:
                self._drop(key)
                return
            kept = self._kept[key] = _Kept(body)
        self._arrivals += kept.add(arrival)
        self._thin()

    def select(self) -> list[Answer]:
        """Return the answers that the recording keeps, in order of arrival."""
        samples = sorted(self._kept.values(), key=lambda kept: kept.arrivals[0])
        counts = [0] * len(samples)  # how many answers of each sample are taken
        room, level = self.wanted, 0
        candidates = list(range(len(samples)))
        while room and candidates:
            taken = evenly(candidates, room)
            for index in taken:
                counts[index] += 1
            room -= len(taken)
            level += 1
            candidates = [index for index in candidates if len(samples[index].arrivals) > level]
        answers = [
            Answer(arrival, sample.body)
            for sample, count in zip(samples, counts, strict=True)
            for arrival in evenly(sample.arrivals, count)
        ]
        # Two samples can arrive in the same clock tick; the sort is stable and so keeps the order of the samples.
        return sorted(answers, key=lambda answer: answer.arrival)

    def _identity(self, body: bytes) -> Identity:
        known = self._parsed.get(body)
        if known is None:
            known = self._parsed[body] = parse(body)
            if len(self._parsed) > _PARSED_BODIES:
                self._parsed.popitem(last=False)
        return known

    def _thin(self) -> None:
        if len(self._kept) > 4 * self.wanted:
            self._stride *= 2
            for key in list(self._kept)[1::2]:
                self._arrivals -= len(self._kept.pop(key).arrivals)
                self._drop(key)
        while self._arrivals > 8 * self.wanted:
            most = max(len(kept.arrivals) for kept in self._kept.values())
            for kept in self._kept.values():
                if len(kept.arrivals) > most // 2:
                    kept.thin()
            self._arrivals = sum(len(kept.arrivals) for kept in self._kept.values())

    def _drop(self, key: Identity) -> None:
        self._dropped[key] = None
        if len(self._dropped) > _RECENTLY_DROPPED:
            self._dropped.popitem(last=False)


def evenly(items: list[T], count: int) -> list[T]:
    """Pick `count` of the items, evenly spread from the first to the last; all of them when there are no more."""
    if count >= len(items):
        return list(items)
    if count < 2:
        return items[:count]
    return [items[index * (len(items) - 1) // (count - 1)] for index in range(count)]


def group(answers: list[Answer]) -> list[tuple[bytes, list[float]]]:
    """Pack answers for the wire: each body once, with its arrivals."""
    bodies: dict[bytes, list[float]] = {}
    for answer in answers:
        bodies.setdefault(answer.body, []).append(answer.arrival)
    return list(bodies.items())


def ungroup(packed: list[tuple[bytes, list[float]]]) -> Iterator[Answer]:
    """Unpack what `group` packed."""
    for body, arrivals in packed:
        for arrival in arrivals:
            yield Answer(arrival, body)
