"""A ramp as Locust's LoadTestShape.

A locust file must not import the class by its name: Locust would take it for the shape of every run.
"""

import logging

from locust import LoadTestShape
from locust.env import Environment

from pulso.chronicle import AGENT, Second, Tally
from pulso.protocol import slo
from pulso.ramp import LIMIT, Ramp, total
from pulso.run import Phase

# Seconds in which the users of a step come, at most, whatever the spawn rate: of a hundred more, one a second would
# take longer than all that is measured.
ARRIVAL = 10

_log = logging.getLogger(__name__)


class RampShape(LoadTestShape):
    """Asks a ramp once a second how many users there should be."""

    use_common_options = True

    def __init__(self, phase: Phase, environment: Environment) -> None:
        super().__init__()
        self.phase = phase
        self.runner = environment.runner
        self.reset_time()

    def reset_time(self) -> None:
        """Begin a new ramp; Locust calls this at the start of a run, on a master twice."""
        super().reset_time()
        options = self.phase.options
        asked = options.num_users or 1
        limit = options.ramp_limit or LIMIT * asked
        self.ramp = Ramp(asked, limit, slo(options))
        _log.info(
            "The ramp: from %d users up to %d at most; it ends by itself, often after five minutes", self.step, limit
        )
        self._read = 0  # seconds of the chronicle that the ramp has seen
        self._order: tuple[int, float] | None = None

    @property
    def step(self) -> int:
        """Users that there should be now."""
        return self.ramp.step

    def tick(self) -> tuple[int, float] | None:
        """Return how many users there should be, and how many of them come or leave a second; None ends the run."""
        limit = self.phase.options.run_time
        if limit and self.get_run_time() >= limit:
            _log.info("The ramp ends: its time is up")
            return None
        if self.phase.scribe.is_writing:  # else the chronicle is that of the run before
            self._read_on()
        if self.ramp.ended:
            _log.info("The ramp ends: %s", self.ramp.ended)
            return None
        if self._order is None or self._order[0] != self.ramp.step:
            self._order = self.ramp.step, self._rate(self.ramp.step - self.runner.user_count)
        return self._order

    def _read_on(self) -> None:
        scribe, ramp = self.phase.scribe, self.ramp
        complete = scribe.complete(self.phase.workers)
        for number in range(self._read, complete):
            known = len(ramp.levels)
            second = scribe.chronicle[number]
            ramp.observe(second.users, work(second))
            for level in ramp.levels[known:]:
                _log.info(
                    "%d users: %.1f good answers/s, %.1f %% failures, %.1f ms: %s the objective",
                    *level[:-1],
                    "meets" if level.meets else "does not meet",
                )
        self._read = max(self._read, complete)

    def _rate(self, more: int) -> float:
        if more < 0:
            return -more  # all at once: Locust waits for each part of them to finish
        return max(self.phase.options.spawn_rate or 1, more / ARRIVAL)


def work(second: Second) -> Tally:
    """Return what the application under test did."""
    return total([tally for name, tally in second.targets.items() if name != AGENT])
