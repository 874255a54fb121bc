"""The seconds of a run, by a clock that the test sets."""

import json
import random

import pytest
from contract import totals
from fake import sample

from pulso import chronicle as module
from pulso.chronicle import Chronicle, Vitals, mean
from pulso.document import seconds


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def hear(chronicle: Chronicle, sequence: int, **changes: object) -> None:
    chronicle.hear(("vm", sequence), lambda: sample(sequence, **changes))


def test_a_request_counts_in_the_second_in_which_it_ends(clock: Clock) -> None:
    chronicle = Chronicle("a", clock=clock)
    for at, failed in ((1000.0, False), (1000.999, True), (1002.0, False)):
        clock.now = at
        chronicle.count("workload", 12.5, failed=failed)
    assert [
        [(t["name"], t["requests"], t["failures"], t["latency"]) for t in s["targets"]] for s in seconds(chronicle)
    ] == [
        [("workload", 2, 1, [(56, 1)])],
        [],
        [("workload", 1, 0, [(56, 1)])],
    ]


def test_a_late_tick_fills_the_seconds_that_it_missed(clock: Clock) -> None:
    chronicle = Chronicle("a", clock=clock)
    for at, users in ((1001.01, 10), (1001.9, 11), (1004.2, 20)):
        clock.now = at
        chronicle.tick(users, users / 2)
    assert [(second.users, second.generator) for _, second in chronicle] == [(10, 5), (20, 10), (20, 10), (20, 10)]
    assert chronicle.complete == 4


def test_a_worker_that_joins_late_says_nothing_of_what_was_before(clock: Clock) -> None:
    worker = Chronicle("a", age=5.5, clock=clock)
    clock.now += 1
    worker.tick(3, 1)
    assert [(number, users) for number, users, *_ in worker.hand_over()["seconds"]] == [(5, 3)]


def test_what_workers_hand_over_adds_up_exactly(clock: Clock) -> None:
    alone, master = Chronicle("a", clock=clock), Chronicle("a", clock=clock)
    workers = [Chronicle("a", clock=clock) for _ in range(3)]
    dice = random.Random(7)
    for _ in range(3000):
        clock.now += dice.expovariate(100)
        for users, each in enumerate((*workers, alone), 1):
            each.tick(users if each is not alone else 6, 10 * users if each is not alone else 30)
        request = dice.choice(("workload", "agent")), dice.lognormvariate(3, 1)
        failed = dice.random() < 0.1
        worker = dice.choice(workers)
        for each in (worker, alone):
            each.count(*request, failed=failed)
            hear(each, int(clock.now * 2), porcentaje_ram=dice.choice((10.0, 20.0)) if each is worker else 0)
            each.hear(("vm", -1), lambda: sample(-1))  # all hear this one
        if dice.random() < 0.05:
            master.absorb(json.loads(json.dumps(worker.hand_over())))  # as on the wire, tuples are lists
    for worker in workers:
        master.absorb(worker.hand_over())
        assert worker.hand_over()["seconds"] == []
    master.tick(0, 5)  # late: the workers have reported these seconds already
    ours, theirs = seconds(master), seconds(alone)
    assert len(ours) > 20
    for a, b in zip(ours, theirs, strict=True):
        vitals = [each.pop("vitals", None) for each in (a, b)]
        assert a == b
        assert (vitals[0] is None) == (vitals[1] is None)
    assert sum(requests for requests, _ in totals({"seconds": ours}).values()) == 3000


def test_a_sample_is_heard_once_in_the_first_second_of_all_workers(clock: Clock) -> None:
    master = Chronicle("a", clock=clock)
    early, late = Chronicle("a", clock=clock), Chronicle("a", clock=clock)
    hear(early, 1, porcentaje_cpu_uso=10)
    hear(early, 2, porcentaje_cpu_uso=20, hora="2026-03-01 12:00:01")
    clock.now += 1
    hear(early, 2)
    hear(late, 2, porcentaje_cpu_uso=20, hora="2026-03-01 12:00:01")
    hear(late, 3, porcentaje_cpu_uso=40)
    master.absorb(late.hand_over())
    master.absorb(early.hand_over())
    assert [(s["vitals"]["porcentaje_cpu_uso"], s["vitals"]["hora"]) for s in seconds(master)] == [
        (15, "2026-03-01 12:00:01"),
        (40, "2026-03-01 12:00:00"),
    ]


@pytest.mark.parametrize(
    "changes",
    [{"porcentaje_cpu_uso": 100.5}, {"porcentaje_ram": -1}, {"procesos_corriendo": -1}, {"hora": "yesterday"}],
)
def test_a_sample_that_makes_no_sense_is_left_out(clock: Clock, changes: dict) -> None:
    chronicle = Chronicle("a", clock=clock)
    hear(chronicle, 1, **changes)
    assert not list(chronicle)


def test_a_second_keeps_few_samples(clock: Clock) -> None:
    chronicle = Chronicle("a", clock=clock)
    for sequence in range(1000):
        hear(chronicle, sequence)
    assert len(chronicle[0].samples) == module.MOST_SAMPLES


def test_targets_are_few_and_have_names_that_a_document_takes(clock: Clock) -> None:
    chronicle = Chronicle("a", clock=clock)
    for name in ["Api 1", "x" * 33, "", *(f"api{number}" for number in range(20))]:
        chronicle.count(name, 1, failed=False)
    counted = {name: tally.requests for name, tally in chronicle[0].targets.items()}
    assert counted == {"entry": 16} | {f"api{number}": 1 for number in range(7)}


def test_a_run_that_is_too_long_keeps_its_beginning_and_says_so(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    chronicle = Chronicle("a", clock=clock)
    for at in (14_399, 14_400, 14_401):
        clock.now = 1000 + at
        chronicle.count("agent", 1, failed=False)
        chronicle.tick(1, 1)
    written = seconds(chronicle)
    assert [len(written), written[-1]["second"], totals({"seconds": written})["agent"]] == [14_400, 14_399, (1, 0)]
    assert [record.message for record in caplog.records] == [
        "The run is longer than 14400 s: what comes from now on is not in its document"
    ]


def test_mean_of_samples() -> None:
    samples = [Vitals("2026-03-01 12:00:00.500", 1, 10, 3, 100), Vitals("2026-03-01 12:00:00", 2, 20, 4, 101)]
    assert mean(samples) == ("2026-03-01 12:00:00.500", 1.5, 15, 3.5, 100.5)
