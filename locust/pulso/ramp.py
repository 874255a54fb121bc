"""How many users come next in a ramp, and when it has seen enough. No Locust here: it is told each second as it was.

The ramp climbs by factors of √2, from about an eighth of the load that is asked about (u), over u itself, until it is
beyond saturation: in two steps in a row the good answers a second grew under a quarter as much as the users, which is
10 % where the users grew by 41 %; or over half of the requests failed. Or until the limit. Where that was before u, u
is tried as well. Then up to two steps go between the largest load that met the objective and the smallest above it
that did not, where the answer lies.

A step is held until it is **steady**, which means, of the newer half of the seconds since its users are there, but at
least ten and without the first two:

* the 95 % confidence interval of the mean of the good answers a second is within 8 % of that mean, as if the seconds
  were independent of each other; and
* the median response time of the later half of them is not over that of the earlier half by more than 20 %, as it is
  where a queue still fills.

A step that is not steady after 20 seconds is left all the same: this only decides when to go on. What the verdict says
of a step it finds out anew, from the document.
"""

import itertools
import math
from statistics import mean, stdev
from typing import NamedTuple

from pulso.chronicle import Tally
from pulso.histogram import Histogram
from pulso.objective import Objective

STEPS_BELOW = 6  # from u/8
LIMIT = 16  # times u, unless told
# Seconds of a hold: those that are left out, those that are looked at, at least, and all of it, at most.
SETTLE, WINDOW, LONGEST = 2, 10, 20
# Seconds that the users of a step have to come or to leave.
PATIENCE = 60
PRECISION = 0.08
DRIFT = 1.2
GROWTH = 0.25
CLOSE = 1.05  # loads nearer to each other than by this factor are one
REFINEMENTS = 2


class Level(NamedTuple):
    """What a step got."""

    users: int
    rate: float  # good answers a second
    failed: float  # percent of all requests
    latency: float  # ms, at the objective's percentile
    meets: bool  # the objective


class Ramp:
    """Decides on the steps of one run."""

    def __init__(self, asked: int, limit: int, objective: Objective) -> None:
        self._asked = asked
        self._objective = objective
        self._ladder = ladder(asked, max(asked, limit))
        self.step = self._ladder[0]  # users that there should be
        self.levels: list[Level] = []
        self.ended = ""  # why, for a person
        self._held: list[Tally] = []
        self._waited = 0
        self._turned = ""  # why it climbs no further
        self._refined = 0

    def observe(self, users: int, work: Tally) -> None:
        """Take the next second: the users when it ended, and what the application did in it."""
        if self.ended:
            return
        if users != self.step:
            self._held.clear()
            self._waited += 1
            if self._waited > PATIENCE:
                self.ended = f"there were not {self.step} users after {PATIENCE} s"
            return
        self._held.append(work)
        if len(self._held) < SETTLE + WINDOW:
            return
        window = self._held[-max(WINDOW, len(self._held) // 2) :]
        if len(self._held) >= LONGEST or is_steady(window):
            self.levels.append(measure(self.step, window, self._objective))
            self._held, self._waited = [], 0
            self._go_on()

    def _go_on(self) -> None:
        if not self._turned:
            higher = [step for step in self._ladder if step > self.step]
            if not self.levels[-1].rate:
                self.ended = f"of {self.step} users nobody got a good answer"
                return
            if higher and not is_beyond_saturation(self.levels):
                self.step = higher[0]
                return
            self._turned = "it is beyond saturation" if is_beyond_saturation(self.levels) else "it is at the limit"
            if self._asked > self.step:
                self.step = self._asked
                return
        between = self._between() if self._refined < REFINEMENTS else None
        if between is None:
            self.ended = self._turned
            return
        self._refined += 1
        self.step = between

    def _between(self) -> int | None:
        """Return a load between the largest that met the objective and the smallest above it that did not."""
        above = min((level.users for level in self.levels if not level.meets), default=0)
        below = max((level.users for level in self.levels if level.meets and level.users < above), default=above / 4)
        between = round(math.sqrt(below * above))
        far = below and between / below > CLOSE and above / between > CLOSE
        return between if far else None


def ladder(asked: int, limit: int) -> list[int]:
    """Return the steps of a climb, from about an eighth of the load that is asked about up to the limit."""
    steps = {asked, limit}
    exponent = -STEPS_BELOW
    while (step := round(asked * 2 ** (exponent / 2))) < limit:
        steps.add(max(1, step))
        exponent += 1
    return sorted(steps)


def is_steady(window: list[Tally]) -> bool:
    """Say whether these seconds are alike."""
    rates = [second.good for second in window]
    middle, freedom = mean(rates), len(rates) - 1
    # Student's t for 95 %, within 0.3 % from nine degrees of freedom on.
    t = 1.96 + 2.37 / freedom + 2.8 / freedom**2
    if t * stdev(rates) / math.sqrt(len(rates)) > PRECISION * middle:
        return False
    half = len(window) // 2
    before, after = (total(part).latency.quantile(0.5) for part in (window[:half], window[half:]))
    return after <= DRIFT * before


def measure(users: int, window: list[Tally], objective: Objective) -> Level:
    """Say what a step got in these seconds."""
    whole = total(window)
    failed = 100 * whole.failures / whole.requests if whole.requests else 0.0
    latency = whole.latency.quantile(objective.percentile / 100)
    meets = whole.good > 0 and failed <= objective.errors and latency <= objective.latency
    return Level(users, whole.good / len(window), failed, latency, meets)


def total(seconds: list[Tally]) -> Tally:
    """Add seconds up."""
    latency = Histogram()
    for second in seconds:
        latency.merge(second.latency)
    return Tally(sum(second.requests for second in seconds), sum(second.failures for second in seconds), latency)


def is_beyond_saturation(levels: list[Level]) -> bool:
    """Say whether the newest of these steps, which climb, are beyond saturation."""
    if levels[-1].failed > 50:
        return True
    newest = levels[-3:]
    return len(newest) == 3 and all(
        after.rate / before.rate - 1 < GROWTH * (after.users / before.users - 1)
        for before, after in itertools.pairwise(newest)
    )
