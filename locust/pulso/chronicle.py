"""What happened in each second of a run, in one process or, on a master, in all of them.

A worker hands over what it has counted since the last time, and the master adds it up; so a count is in exactly one
place at any time, and Locust's own statistics, which travel in the same way, say the same in the end.

Seconds are counted from the run's start by a clock that never goes back. A worker is told how old the run is when it
joins, so that the clocks of several machines need not agree.
"""

import itertools
import logging
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pulso.histogram import Histogram
from pulso.samples import Identity, Sample

# A run keeps its first four hours.
LONGEST = 14_400
# What phase 1 asks beside the application under test.
AGENT = "agent"
# Different things that may be asked; what comes under an eighth name, or one that is none, is counted as OTHER.
MOST_TARGETS = 8
OTHER = "entry"
# Different samples of one second; the agent has ten at the most.
MOST_SAMPLES = 16

_log = logging.getLogger(__name__)


class Vitals(NamedTuple):
    """What one sample said of the VM."""

    hora: str
    cpu: float
    ram: float
    running: float
    processes: float


@dataclass(slots=True)
class Tally:
    """What one thing that was asked did in one second."""

    requests: int = 0
    failures: int = 0
    latency: Histogram = field(default_factory=Histogram)  # of those that did not fail

    @property
    def good(self) -> int:
        """Requests that did not fail."""
        return self.requests - self.failures


@dataclass(slots=True)
class Second:
    """One second."""

    users: int = 0  # that were running when it ended
    generator: float = 0.0  # CPU of the busiest process, percent of one CPU
    targets: dict[str, Tally] = field(default_factory=dict)
    samples: dict[Identity, Vitals] = field(default_factory=dict)  # that were heard in it for the first time


class Chronicle:
    """The seconds of one run."""

    def __init__(self, run: str, age: float = 0.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self._clock = clock
        self._began = clock() - age
        self.complete = int(age)  # seconds that are over, with all that this process has to say of them
        self._seconds: dict[int, Second] = {}
        self._heard: dict[Identity, int] = {}  # in which second each sample was heard first
        self._names: set[str] = set()
        self._overflowed = False

    @property
    def age(self) -> float:
        """Seconds since the run began."""
        return self._clock() - self._began

    def count(self, target: str, milliseconds: float, *, failed: bool) -> None:
        """Count a request that has just ended."""
        second = self._open(int(self.age))
        if second is None:
            return
        tally = self._tally(second, target)
        tally.requests += 1
        if failed:
            tally.failures += 1
        else:
            tally.latency.observe(milliseconds)

    def hear(self, key: Identity, sample: Callable[[], Sample]) -> None:
        """Note what a sample says that has just arrived, unless it was heard before or makes no sense."""
        if key in self._heard:
            return
        vitals = read_vitals(sample())
        if vitals:
            self._note(int(self.age), key, vitals)

    def tick(self, users: int, generator: float) -> None:
        """Note how the seconds ended that have ended since the last tick: more than one when this process is late."""
        now = int(self.age)
        for number in range(self.complete, now):
            if second := self._open(number):
                # Not set: on a master, workers may have been faster with what they say of it.
                second.users += users
                second.generator = max(second.generator, generator)
        self.complete = max(self.complete, now)

    def hand_over(self) -> dict[str, Any]:
        """On a worker: return what was counted since the last time, and forget it."""
        seconds, self._seconds = self._seconds, {}
        return {
            "run": self.run,
            "complete": self.complete,
            "seconds": [
                (
                    number,
                    second.users,
                    second.generator,
                    [(name, t.requests, t.failures, t.latency.pairs()) for name, t in second.targets.items()],
                    list(second.samples.items()),
                )
                for number, second in seconds.items()
            ],
        }

    def absorb(self, part: dict[str, Any]) -> None:
        """On a master: add what a worker has handed over."""
        for number, users, generator, targets, samples in part["seconds"]:
            second = self._open(number)
            if second is None:
                continue
            second.users += users
            second.generator = max(second.generator, generator)
            for name, requests, failures, pairs in targets:
                tally = self._tally(second, name)
                tally.requests += requests
                tally.failures += failures
                tally.latency.merge(Histogram(pairs))
            for key, vitals in samples:
                # A tuple becomes a list on the wire.
                self._note(number, tuple(key) if isinstance(key, list) else key, Vitals(*vitals))

    def __getitem__(self, number: int) -> Second:
        return self._seconds.get(number) or Second()

    def __iter__(self) -> Iterator[tuple[int, Second]]:
        """Go through all seconds up to the last in which anything happened."""
        return ((number, self[number]) for number in range(max(self._seconds, default=-1) + 1))

    def _open(self, number: int) -> Second | None:
        if number < LONGEST:
            return self._seconds.setdefault(number, Second())
        if not self._overflowed:
            self._overflowed = True
            _log.warning("The run is longer than %d s: what comes from now on is not in its document", LONGEST)
        return None

    def _tally(self, second: Second, name: str) -> Tally:
        if name not in self._names:
            if not re.fullmatch("[a-z0-9_-]{1,32}", name) or len(self._names - {OTHER}) >= MOST_TARGETS - 1:
                name = OTHER
            self._names.add(name)
        return second.targets.setdefault(name, Tally())

    def _note(self, number: int, key: Identity, vitals: Vitals) -> None:
        """Keep a sample in the second in which the first of all processes has heard it."""
        first = self._heard.get(key)
        if first is not None and first <= number:
            return
        second = self._open(number)
        if second is None or len(second.samples) >= MOST_SAMPLES:
            return
        if first is not None and first in self._seconds:
            self._seconds[first].samples.pop(key, None)
        second.samples[key] = vitals
        self._heard[key] = number


def read_vitals(sample: Sample) -> Vitals | None:
    """Return what a sample says, or None where a run could not carry it: one that the ingest service would refuse."""
    vitals = Vitals(
        sample["hora"],
        sample["porcentaje_cpu_uso"],
        sample["porcentaje_ram"],
        sample["procesos_corriendo"],
        sample["total_procesos"],
    )
    try:
        datetime.fromisoformat(vitals.hora)
    except ValueError:
        return None
    in_range = 0 <= vitals.cpu <= 100 and 0 <= vitals.ram <= 100
    return vitals if in_range and vitals.running >= 0 and vitals.processes >= 0 else None


def mean(samples: list[Vitals]) -> Vitals:
    """Return the mean of several samples, with the newest `hora`."""
    numbers = (sum(column) / len(samples) for column in itertools.islice(zip(*samples, strict=True), 1, None))
    return Vitals(max(vitals.hora for vitals in samples), *(round(number, 2) for number in numbers))
