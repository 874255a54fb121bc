"""The decisions of a ramp, on loads whose course is computed."""

import math
import random
from collections.abc import Callable

import pytest

from pulso.chronicle import Tally
from pulso.objective import Objective
from pulso.ramp import LONGEST, PATIENCE, SETTLE, WINDOW, Ramp, ladder

THINK = 1.5  # seconds, of each user between two requests
SERVICE = 0.02  # seconds of a request that waits for nobody

Load = Callable[[int], tuple[float, float, float]]  # of so many users: good and failed answers a second, ms


def queue(capacity: float, factor: float = 1.0) -> Load:
    """A server of this capacity, which changes by a factor for each user beyond its knee."""

    def load(users: int) -> tuple[float, float, float]:
        offered = users / (THINK + SERVICE)
        rate = min(offered, capacity * factor ** max(0, users - capacity * (THINK + SERVICE)))
        return rate, 0, 1000 * (users / rate - THINK)

    return load


def refusing(capacity: float) -> Load:
    """A server that refuses at once what is over its capacity."""

    def load(users: int) -> tuple[float, float, float]:
        offered = users / (THINK + SERVICE)
        return min(offered, capacity), max(0, offered - capacity), 1000 * SERVICE

    return load


def run(ramp: Ramp, load: Load, noise: float = 0.02) -> dict[int, int]:
    """Let a ramp go to its end, each second as the load has it; returns how long each step took, in order."""
    dice = random.Random(3)
    held: dict[int, int] = {}
    users = 0
    for _ in range(5000):
        if ramp.ended:
            return held
        users += max(-50, min(50, ramp.step - users))
        held[ramp.step] = held.get(ramp.step, 0) + 1
        good, failed, latency = load(users)
        counts = [max(0, round(count * dice.gauss(1, noise))) for count in (good, failed)]
        second = Tally(sum(counts), counts[1])
        for _ in range(counts[0]):
            second.latency.observe(latency * dice.lognormvariate(0, 0.1))
        ramp.observe(users, second)
    raise AssertionError("the ramp does not end")


def rates(ramp: Ramp) -> dict[int, float]:
    return {level.users: level.rate for level in ramp.levels}


def test_the_ladder_goes_by_the_root_of_two_over_the_load_that_is_asked_about() -> None:
    assert ladder(300, 4800) == [38, 53, 75, 106, 150, 212, 300, 424, 600, 849, 1200, 1697, 2400, 3394, 4800]
    assert ladder(300, 1000) == [38, 53, 75, 106, 150, 212, 300, 424, 600, 849, 1000]
    assert ladder(300, 300) == [38, 53, 75, 106, 150, 212, 300]
    assert ladder(1, 16)[:5] == [1, 2, 3, 4, 6]
    assert ladder(1, 1) == [1]


def test_it_passes_a_plateau_and_looks_closer_where_the_objective_breaks() -> None:
    ramp = Ramp(300, 4800, Objective())
    held = run(ramp, queue(100))  # the knee is at 152 users, and 250 ms at 175
    assert list(held) == [38, 53, 75, 106, 150, 212, 300, 178, 163]
    assert ramp.ended == "it is beyond saturation"
    assert rates(ramp)[300] == pytest.approx(100, rel=0.02)
    assert rates(ramp)[75] == pytest.approx(75 / (THINK + SERVICE), rel=0.02)
    meets = {level.users for level in ramp.levels if level.meets}
    assert meets == {38, 53, 75, 106, 150, 163}


def test_it_goes_beyond_the_load_that_is_asked_about_until_it_has_seen_saturation() -> None:
    ramp = Ramp(40, 640, Objective())
    held = run(ramp, queue(100))
    assert list(held)[: len(ladder(40, 226))] == ladder(40, 226)
    assert max(held) in (226, 320)
    assert ramp.ended == "it is beyond saturation"


def test_saturation_far_below_what_is_asked_about_leaves_out_the_steps_between() -> None:
    ramp = Ramp(3000, 48000, Objective())
    held = run(ramp, queue(200))  # the knee is at 304 users, the first step at 375
    assert list(held) == [375, 530, 750, 3000, 188, 266]
    assert rates(ramp)[3000] == pytest.approx(200, rel=0.02)


def test_throughput_that_falls_is_saturation() -> None:
    ramp = Ramp(300, 4800, Objective())
    held = run(ramp, queue(100, factor=0.995))
    assert max(held) == 300
    assert rates(ramp)[300] < rates(ramp)[212] < rates(ramp)[150]
    assert ramp.ended == "it is beyond saturation"


def test_failures_of_over_half_are_saturation() -> None:
    ramp = Ramp(100, 1600, Objective())
    held = run(ramp, lambda users: (users / 2, 0, 20) if users < 60 else (users / 10, users / 2, 20))
    assert list(held)[:6] == [12, 18, 25, 35, 50, 71]
    assert list(held)[6] == 100, "the load that is asked about was not tried"
    assert ramp.ended == "it is beyond saturation"
    assert [level.failed for level in ramp.levels if level.users == 71] == [pytest.approx(83, abs=2)]


def test_refusals_break_the_objective() -> None:
    ramp = Ramp(300, 4800, Objective(errors=1))
    run(ramp, refusing(100))
    meets = {level.users: level.meets for level in ramp.levels}
    assert meets[150]
    assert not meets[163]
    assert not meets[212]


def test_a_server_that_carries_everything_ends_at_the_limit() -> None:
    ramp = Ramp(40, 100, Objective())
    held = run(ramp, lambda users: (users, 0, 20))
    assert list(held) == [5, 7, 10, 14, 20, 28, 40, 57, 80, 100]
    assert ramp.ended == "it is at the limit"


def test_a_steady_step_takes_little_and_a_restless_one_no_more_than_the_most() -> None:
    steady, restless = Ramp(300, 300, Objective()), Ramp(300, 300, Objective())
    held = run(steady, queue(1e6), noise=0.02)
    assert min(held.values()) >= WINDOW + SETTLE
    assert max(held.values()) <= WINDOW + SETTLE + 6
    held = run(restless, queue(1e6), noise=0.8)
    assert min(held.values()) >= LONGEST
    assert max(held.values()) <= LONGEST + 6


def test_a_queue_that_fills_is_not_steady() -> None:
    ramp = Ramp(1, 1, Objective())
    for second in range(1, LONGEST):
        tally = Tally(100)
        for _ in range(100):
            tally.latency.observe(math.exp(second / 10))
        ramp.observe(1, tally)
        assert not ramp.levels, f"it was taken for steady after {second} s"


def test_the_objective_is_judged_without_the_seconds_before_it_is_steady() -> None:
    ramp = Ramp(1, 1, Objective(95, 250, 1))
    for second in range(WINDOW + SETTLE):
        tally = Tally(100)
        for _ in range(100):
            tally.latency.observe(900 if second < SETTLE else 100)
        ramp.observe(1, tally)
    assert [level.meets for level in ramp.levels] == [True]


def test_users_that_do_not_come_end_it() -> None:
    ramp = Ramp(300, 300, Objective())
    for _ in range(PATIENCE):
        ramp.observe(37, Tally())
        assert not ramp.ended
    ramp.observe(37, Tally())
    assert ramp.ended == f"there were not 38 users after {PATIENCE} s"


def test_an_application_that_is_not_there_ends_it() -> None:
    ramp = Ramp(300, 4800, Objective())
    assert list(run(ramp, lambda users: (0, users, 0))) == [38]
    assert ramp.ended == "of 38 users nobody got a good answer"
