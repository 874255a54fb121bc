"""The account of a recording and the stock to send from."""

import threading

import pytest
from fake import sample

from pulso.delivery import (
    FIRST_BACKOFF,
    LAST_BACKOFF,
    STOCK,
    Acknowledged,
    Job,
    Ledger,
    Outbox,
    Refused,
    Reporter,
    Traffic,
    backoff,
    describe,
    parse_retry_after,
    percentile,
    summarise,
)


class Clock:
    """A clock that stands until it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def ledger(count: int) -> Ledger:
    return Ledger([sample(number) for number in range(count)], "run")


def test_every_record_is_handed_out_once_under_its_own_key() -> None:
    book = ledger(10)
    jobs = book.take("a", 4) + book.take("b", 100)
    assert [job.index for job in jobs] == list(range(10))
    assert len({job.key for job in jobs}) == 10
    assert book.take("a", 5) == []


def test_a_share_leaves_work_for_others() -> None:
    book = ledger(10)
    assert len(book.take("a", 100, share=4)) == 3
    assert len(book.take("b", 100, share=4)) == 2
    assert len(book.take("c", 1, share=4)) == 1


def test_the_first_outcome_of_a_record_counts() -> None:
    book = ledger(2)
    book.take("a", 2)
    book.settle("a", [Acknowledged(0, "api1", 7, 1.0)])
    book.settle("b", [Acknowledged(0, "api1", 7, 9.0), Refused(0, "late")])
    assert (len(book.acknowledged), len(book.refused), book.left) == (1, 0, 1)
    assert book.routes == {"api1": 1}
    book.settle("a", [Refused(1, "bad")])
    assert book.left == 0
    assert book.holders() == []


def test_what_a_lost_holder_had_is_handed_out_again_under_the_same_key() -> None:
    book = ledger(4)
    keys = {job.index: job.key for job in book.take("a", 3)}
    book.settle("a", [Acknowledged(1, "api1", 7, 1.0)])
    assert book.give_back("a") == 2
    assert book.give_back("a") == 0
    again = book.take("b", 9)
    assert [job.index for job in again] == [0, 2, 3]
    assert again[0].key == keys[0]


def test_a_failed_record_comes_back_after_its_back_off_and_not_before() -> None:
    clock, book = Clock(), ledger(1)
    outbox = Outbox(lambda room: book.take("a", room), clock)
    job = outbox.take(0)
    outbox.retry(job, retry_after=5)
    clock.now += 4.9
    assert outbox.take(0) is None
    clock.now += 1.5
    assert outbox.take(0) is job
    assert (outbox.sent, outbox.retried, job.attempts) == (2, 1, 2)


def test_a_due_retry_goes_before_fresh_records() -> None:
    clock, book = Clock(), ledger(2)
    outbox = Outbox(lambda room: book.take("a", room), clock)
    job = outbox.take(0)
    outbox.retry(job)
    clock.now += 1
    assert outbox.take(0) is job


def test_the_stock_is_bounded_also_while_all_of_it_fails() -> None:
    clock, book = Clock(), ledger(10 * STOCK)
    outbox = Outbox(lambda room: book.take("a", room), clock)
    taken = 0
    while job := outbox.take(0):
        outbox.retry(job, retry_after=30)
        taken += 1
    assert taken == STOCK


def test_a_waiting_user_gets_a_record_as_soon_as_it_is_there() -> None:
    outbox, got = Outbox(lambda _: []), []
    thread = threading.Thread(target=lambda: got.append(outbox.take(20)))
    thread.start()
    job = Job(0, "key", b"{}")
    outbox.put([job])
    thread.join(10)
    assert got == [job]


def test_closing_wakes_who_waits_and_hands_out_nothing_more() -> None:
    outbox, got = Outbox(lambda _: []), []
    thread = threading.Thread(target=lambda: got.append(outbox.take(20)))
    thread.start()
    outbox.close()
    thread.join(10)
    assert got == [None]
    outbox.put([Job(0, "key", b"{}")])
    assert outbox.take(0) is None


def test_back_off_doubles_to_a_cap_and_never_vanishes() -> None:
    for attempts in range(1, 2000):
        assert FIRST_BACKOFF <= backoff(attempts, None) <= LAST_BACKOFF * 1.25
    assert backoff(1, None) < 2 * backoff(3, None)
    assert backoff(40, None) >= LAST_BACKOFF
    assert backoff(1, 0) >= FIRST_BACKOFF
    assert 3 <= backoff(1, 3) <= 3.75
    assert backoff(1, 86_400) <= LAST_BACKOFF * 1.25


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        (" 0 ", 0),
        ("Thu, 01 Jan 1970 00:01:00 GMT", 60),
        ("Wed, 31 Dec 1969 00:00:00 GMT", 0),
        ("9" * 400, 999_999_999),
        ("soon", None),
        ("-3", None),
        ("", None),
        (None, None),
        (["1", "2"], None),
    ],
)
def test_retry_after(header: object, seconds: float | None) -> None:
    assert parse_retry_after(header, now=0) == seconds


def test_a_lost_report_is_repeated_and_a_confirmed_one_is_not() -> None:
    reporter = Reporter(most=2)
    outcomes = [Refused(number, "x") for number in range(3)]
    for outcome in outcomes:
        reporter.add(outcome)
    assert reporter.is_full
    serial, reported = reporter.report()
    assert (serial, reported) == (2, outcomes[:2])
    assert reporter.report() == (2, outcomes[:2])
    reporter.confirm(serial)
    reporter.confirm(serial)
    assert reporter.report() == (3, outcomes[2:])
    assert not reporter.is_full


def test_percentiles_are_by_nearest_rank() -> None:
    values = [float(number) for number in range(1, 101)]
    assert [percentile(values, p) for p in (50, 95, 99, 100)] == [50, 95, 99, 100]
    assert percentile([4.0], 99) == 4
    assert percentile([], 50) is None


def test_summary_and_its_text() -> None:
    book = ledger(5)
    book.take("a", 5)
    book.settle("a", [Acknowledged(n, "api2" if n else "api1", 10 + n, 2.0 * n) for n in range(3)])
    book.settle("a", [Refused(3, "HTTP 400")])
    summary = summarise(book, Traffic(sent=6, retried=1), 1.23456, ["a"])
    assert summary == {
        "run": "run",
        "runs_handed_in": ["a"],
        "records": 5,
        "distinct_samples": 5,
        "sent": 6,
        "acknowledged": 3,
        "retried": 1,
        "refused": 1,
        "left": 1,
        "seconds": 1.235,
        "routes": {
            "api1": {"count": 1, "share": 33.33, "p50_ms": 0.0, "p95_ms": 0.0, "p99_ms": 0.0},
            "api2": {"count": 2, "share": 66.67, "p50_ms": 2.0, "p95_ms": 4.0, "p99_ms": 4.0},
        },
        "refusals": [{"index": 3, "reason": "HTTP 400"}],
        "acknowledged_ids": [10, 11, 12],
    }
    text = describe(summary)
    assert "3 of 5 records acknowledged" in text
    assert "record 3: HTTP 400" in text
    assert "1 records are left" in text
