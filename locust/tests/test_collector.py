"""Which answers a recording keeps."""

import itertools
import json
from collections import Counter

import pytest
from fake import sample

from pulso.collector import Answer, Collector, evenly, group, ungroup
from pulso.samples import SampleError


def body(sequence: int, **changes: object) -> bytes:
    return json.dumps(sample(sequence, **changes)).encode()


def sequences(answers: list[Answer]) -> list[int]:
    return [json.loads(answer.body)["secuencia"] for answer in answers]


def stored(collector: Collector) -> int:
    """Count everything that grows with answers."""
    return len(collector._kept) + sum(len(kept.arrivals) for kept in collector._kept.values())


def test_all_answers_are_kept_while_there_is_room() -> None:
    collector = Collector(10)
    for arrival in range(7):
        collector.add(arrival, body(arrival // 3))
    assert sequences(collector.select()) == [0, 0, 0, 1, 1, 1, 2]
    assert (collector.answers, collector.distinct) == (7, 3)


def test_answers_reported_late_take_their_place() -> None:
    collector = Collector(6)
    for arrival, sequence in [(3, 1), (5, 2), (7, 1), (1, 1), (2, 2), (4, 0)]:
        collector.add(arrival, body(sequence))
    kept = collector.select()
    assert [answer.arrival for answer in kept] == [1, 2, 3, 4, 5, 7]
    assert sequences(kept) == [1, 2, 1, 0, 2, 1]


def test_of_a_sample_reported_twice_the_earliest_answer_is_kept() -> None:
    collector = Collector(2)
    for arrival, sequence in [(5, 2), (3, 1), (4, 3), (1, 2)]:
        collector.add(arrival, body(sequence))
    assert [answer.arrival for answer in collector.select()] == [1, 4]


def test_distinct_samples_come_before_repeated_ones() -> None:
    collector = Collector(8)
    for arrival in range(60):
        collector.add(arrival, body(arrival // 10))
    counts = Counter(sequences(collector.select()))
    assert set(counts) == set(range(6))
    # Six samples once each, and two of them a second time, from both ends of the run.
    assert sorted(counts.values()) == [1, 1, 1, 1, 2, 2]
    assert counts[0] == counts[5] == 2


def test_one_rare_sample_is_kept_among_many_repeats() -> None:
    collector = Collector(5)
    for arrival in range(10_000):
        collector.add(arrival, body(2 if arrival == 7777 else 1))
    kept = collector.select()
    assert len(kept) == 5
    assert sequences(kept).count(2) == 1


@pytest.mark.parametrize("distinct", [30, 40, 41, 100, 1000, 12_345])
def test_many_distinct_samples_are_picked_evenly(distinct: int) -> None:
    collector = Collector(10)
    for arrival in range(distinct):
        collector.add(arrival, body(arrival))
    kept = sequences(collector.select())
    assert len(set(kept)) == 10
    assert kept == sorted(kept)
    gaps = [b - a for a, b in itertools.pairwise(kept)]
    assert max(gaps) <= 1.6 * distinct / 9
    assert kept[0] == 0
    assert kept[-1] > distinct * 0.95 - 2


@pytest.mark.parametrize("answers", [50, 81, 5000, 100_000])
def test_repeats_of_one_sample_are_picked_evenly(answers: int) -> None:
    collector = Collector(10)
    for arrival in range(answers):
        collector.add(arrival, body(1))
    arrivals = [answer.arrival for answer in collector.select()]
    assert len(arrivals) == 10
    assert max(b - a for a, b in itertools.pairwise(arrivals)) <= 1.6 * answers / 9
    assert arrivals[-1] > answers * 0.9


def test_a_ramp_of_users_does_not_crowd_the_end() -> None:
    collector = Collector(100)
    clock = 0.0
    for second in range(60):  # one sample a second, which ever more users read
        for _ in range(2 + 5 * second):
            clock += 1 / (2 + 5 * second)
            collector.add(clock, body(second))
    counts = Counter(sequences(collector.select()))
    assert len(counts) == 60
    assert max(counts.values()) == 2
    first_half = sum(count for sequence, count in counts.items() if sequence < 30)
    assert 45 <= first_half <= 55


def test_memory_does_not_grow_with_the_run() -> None:
    collector, most = Collector(10), 0
    for arrival in range(50_000):
        collector.add(arrival, body(arrival // 3))
        most = max(most, stored(collector) + len(collector._dropped) + len(collector._parsed))
        if arrival == 25_000:
            early = most
    assert most == early
    assert stored(collector) <= 4 * 10 + 8 * 10


def test_a_dropped_sample_is_not_new_again() -> None:
    collector = Collector(1)
    for arrival in range(6):
        collector.add(arrival, body(arrival))
    assert collector.distinct == 6
    for arrival in range(6):
        collector.add(10 + arrival, body(arrival))
    assert collector.distinct == 6


def test_without_host_and_sequence_the_content_tells_samples_apart() -> None:
    def bare(**changes: object) -> bytes:
        return json.dumps({k: v for k, v in sample(1, **changes).items() if k not in ("host", "secuencia")}).encode()

    collector = Collector(2)
    for arrival, answer in enumerate([bare(), bare(), bare(), bare(uso_ram=5)]):
        collector.add(arrival, answer)
    assert collector.distinct == 2
    assert [json.loads(answer.body)["uso_ram"] for answer in collector.select()] == [983, 5]


def test_the_same_sequence_of_two_hosts_are_two_samples() -> None:
    collector = Collector(2)
    collector.add(1, body(1))
    collector.add(2, body(1, host="other"))
    assert collector.distinct == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"<html>", "not JSON"),
        (b"[]", "not a JSON object but an array"),
        (b"{}", "lacks total_ram, ram_libre, uso_ram"),
        (body(1, hora=7, uso_ram="x", porcentaje_ram=True), "uso_ram is a string, porcentaje_ram is a boolean, hora"),
        (b'{"total_ram": Infinity}', "Infinity is not a JSON number"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_an_answer_that_is_no_sample_says_why(answer: bytes, said: str) -> None:
    collector = Collector(2)
    with pytest.raises(SampleError, match=said):
        collector.add(1, answer)
    assert collector.answers == 0


def test_evenly_takes_both_ends() -> None:
    assert evenly([1, 2, 3, 4, 5], 2) == [1, 5]
    assert evenly([1, 2, 3], 7) == [1, 2, 3]
    assert evenly([1, 2, 3], 1) == [1]
    assert evenly([1, 2, 3], 0) == []


def test_answers_survive_the_wire() -> None:
    answers = [Answer(1, b"a"), Answer(2, b"b"), Answer(3, b"a")]
    assert sorted(ungroup(group(answers))) == answers
