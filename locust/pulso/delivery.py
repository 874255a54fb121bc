"""Who sends which record, and what became of it.

`Ledger` is the account of the whole recording: every record is pending, held by a sender, acknowledged or refused, and
nothing else. `Outbox` is the small stock that one process sends from: fresh records, and failed ones that wait for
their next attempt. A run in one process has one of each; in a distributed run the master has the ledger and every
worker an outbox, so that a record that a lost worker held goes back to the ledger and is sent by another one, with the
same key.

A record keeps its `Idempotency-Key` through all its attempts. That makes every retry safe, also after an answer that
never arrived, and it is why nothing here tries to find out whether a failed attempt was stored.
"""

import heapq
import itertools
import math
import random
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from pulso.samples import Sample, encode, identity

# Seconds between two attempts of a record: doubled from the first to the last, unless the server asks for more; no
# server can ask for more than the last.
FIRST_BACKOFF = 0.25
LAST_BACKOFF = 30.0
# Records that an outbox stocks. While all of them wait for their next attempt no fresh one is tried, so that an
# outage is met with this many records and not with the whole recording.
STOCK = 200
# Refusals that are shown to a person.
REFUSALS_SHOWN = 5


@dataclass(slots=True)
class Job:
    """One record on its way."""

    index: int
    key: str
    body: bytes
    attempts: int = 0  # made so far, in this process


class Acknowledged(NamedTuple):
    """The ingest service committed the record."""

    index: int
    api: str
    id: int
    milliseconds: float  # from the send of the attempt that was answered to the end of its answer


class Refused(NamedTuple):
    """The ingest service refused the record for good."""

    index: int
    reason: str


Outcome = Acknowledged | Refused


class Ledger:
    """The account of a recording during one run."""

    def __init__(self, records: list[Sample], run: str) -> None:
        self.run = run
        self.total = len(records)
        self.distinct_samples = len({identity(record) for record in records})
        self.acknowledged: dict[int, Acknowledged] = {}
        self.refused: dict[int, Refused] = {}
        self.routes: Counter[str] = Counter()
        self._records = records
        self._pending = deque(range(self.total))
        self._held: dict[str, set[int]] = {}

    @property
    def left(self) -> int:
        """Records that are neither acknowledged nor refused."""
        return self.total - len(self.acknowledged) - len(self.refused)

    def take(self, holder: str, most: int, share: int = 1) -> list[Job]:
        """Hand records to a holder: at most so many, and at most 1/share of those that are pending, but at least one.

        The share leaves work for the other holders towards the end.
        """
        count = min(most, math.ceil(len(self._pending) / share))
        indexes = [self._pending.popleft() for _ in range(count)]
        self._held.setdefault(holder, set()).update(indexes)
        return [Job(index, f"{self.run}-{index}", encode(self._records[index]).encode()) for index in indexes]

    def settle(self, holder: str, outcomes: Iterable[Outcome]) -> None:
        """Book what became of records; the first outcome of a record counts, however often it is reported."""
        for outcome in outcomes:
            self._held.get(holder, set()).discard(outcome.index)
            if outcome.index in self.acknowledged or outcome.index in self.refused:
                continue
            if isinstance(outcome, Acknowledged):
                self.acknowledged[outcome.index] = outcome
                self.routes[outcome.api] += 1
            else:
                self.refused[outcome.index] = outcome

    def holders(self) -> list[str]:
        """Return everybody who holds records."""
        return [holder for holder, indexes in self._held.items() if indexes]

    def give_back(self, holder: str) -> int:
        """Make the records of a lost holder pending again; returns how many."""
        indexes = [
            index
            for index in sorted(self._held.pop(holder, ()))
            if index not in self.acknowledged and index not in self.refused
        ]
        self._pending.extendleft(reversed(indexes))
        return len(indexes)


class Outbox:
    """The stock that the users of one process send from; any of them takes any record.

    It fetches fresh records by `refill(room)`, which returns what it has at once; in a distributed run that is nothing
    and the records come later, by `put`.
    """

    def __init__(self, refill: Callable[[int], list[Job]], clock: Callable[[], float] = time.monotonic) -> None:
        self.sent = 0
        self.retried = 0
        self._refill = refill
        self._clock = clock
        self._fresh: deque[Job] = deque()
        self._waiting: list[tuple[float, int, Job]] = []  # a heap: due time, order, job
        self._order = itertools.count()
        self._changed = threading.Condition()
        self._closed = False

    def take(self, patience: float) -> Job | None:
        """Return the next record to send, or None when there is none within `patience` seconds or no more to come."""
        deadline = self._clock() + patience
        with self._changed:
            while not self._closed:
                self._fetch()
                now = self._clock()
                if self._waiting and self._waiting[0][0] <= now:
                    job = heapq.heappop(self._waiting)[2]
                    self.retried += 1
                elif self._fresh:
                    job = self._fresh.popleft()
                else:
                    due = self._waiting[0][0] if self._waiting else math.inf
                    if now >= deadline:
                        return None
                    self._changed.wait(min(deadline, due) - now)
                    continue
                self.sent += 1
                job.attempts += 1
                return job
        return None

    def put(self, jobs: list[Job]) -> None:
        """Stock fresh records."""
        with self._changed:
            self._fresh.extend(jobs)
            self._changed.notify(len(jobs))

    def retry(self, job: Job, retry_after: float | None = None) -> None:
        """Take a record back whose attempt failed; the server may have said after how many seconds to come again."""
        with self._changed:
            due = self._clock() + backoff(job.attempts, retry_after)
            heapq.heappush(self._waiting, (due, next(self._order), job))
            self._changed.notify()

    def close(self) -> None:
        """Hand out nothing more; whoever waits for a record gets None."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _fetch(self) -> None:
        room = STOCK - len(self._fresh) - len(self._waiting)
        if room > 0 and not self._fresh:
            self._fresh.extend(self._refill(room))


def backoff(attempts: int, retry_after: float | None) -> float:
    """Seconds until the next attempt, with jitter upwards so that records that failed together do not return so."""
    seconds = min(FIRST_BACKOFF * 2 ** (attempts - 1), LAST_BACKOFF) if attempts < 32 else LAST_BACKOFF
    if retry_after is not None:
        seconds = min(max(retry_after, FIRST_BACKOFF), LAST_BACKOFF)
    return seconds * random.uniform(1.0, 1.25)


def parse_retry_after(header: object, now: float) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date, as seconds from now (Unix time); None when it is neither."""
    if not isinstance(header, str):
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - now)
    except (ValueError, OverflowError):
        return None


@dataclass(slots=True)
class Traffic:
    """What one process has sent: attempts in all, and those that repeated an earlier one."""

    sent: int = 0
    retried: int = 0


@dataclass(slots=True)
class Reporter:
    """Outcomes of a worker on their way to the master.

    A report that is lost on the way must not lose outcomes, so each report repeats everything that the master has not
    confirmed. At most `most` outcomes go into one report. A full reporter takes on, but its owner must not fetch new
    records: that keeps the last report of a run complete.
    """

    most: int = 10_000
    _first: int = 0  # serial number of the first outcome that is not confirmed
    _outcomes: deque[Outcome] = field(default_factory=deque)

    def add(self, outcome: Outcome) -> None:
        """Queue an outcome."""
        self._outcomes.append(outcome)

    def report(self) -> tuple[int, list[Outcome]]:
        """Return the serial number after the last outcome of this report, and its outcomes."""
        outcomes = list(itertools.islice(self._outcomes, self.most))
        return self._first + len(outcomes), outcomes

    def confirm(self, serial: int) -> None:
        """Forget the outcomes before this serial number: the master has booked them."""
        while self._outcomes and self._first < serial:
            self._outcomes.popleft()
            self._first += 1

    @property
    def is_full(self) -> bool:
        """Whether the master is so far behind that no more should be sent; well before the bound of one report."""
        return len(self._outcomes) > self.most * 3 // 4


def percentile(values: list[float], percent: float) -> float | None:
    """Return the nearest-rank percentile of sorted values; None when there are none."""
    if not values:
        return None
    return values[max(0, math.ceil(len(values) * percent / 100) - 1)]


def summarise(ledger: Ledger, traffic: Traffic, seconds: float, handed_in: list[str]) -> dict[str, object]:
    """Return the machine-readable summary of a run; `handed_in` are the ids of the runs that the service has taken."""
    latencies: dict[str, list[float]] = {}
    for outcome in ledger.acknowledged.values():
        latencies.setdefault(outcome.api, []).append(outcome.milliseconds)
    routes = {}
    for api in sorted(latencies):
        values = sorted(latencies[api])
        routes[api] = {
            "count": len(values),
            "share": round(100 * len(values) / len(ledger.acknowledged), 2),
            **{f"p{p}_ms": round(percentile(values, p) or 0.0, 2) for p in (50, 95, 99)},
        }
    return {
        "run": ledger.run,
        "runs_handed_in": handed_in,
        "records": ledger.total,
        "distinct_samples": ledger.distinct_samples,
        "sent": traffic.sent,
        "acknowledged": len(ledger.acknowledged),
        "retried": traffic.retried,
        "refused": len(ledger.refused),
        "left": ledger.left,
        "seconds": round(seconds, 3),
        "routes": routes,
        "refusals": [
            {"index": outcome.index, "reason": outcome.reason}
            for outcome in itertools.islice(ledger.refused.values(), REFUSALS_SHOWN)
        ],
        "acknowledged_ids": [outcome.id for outcome in ledger.acknowledged.values()],
    }


def describe(summary: dict) -> str:
    """Return the summary for a person."""
    lines = [
        f"{summary['acknowledged']} of {summary['records']} records acknowledged in {summary['seconds']:.1f} s",
        f"  sent {summary['sent']}, acknowledged {summary['acknowledged']}, retried {summary['retried']}, "
        f"refused {summary['refused']}, left {summary['left']}",
    ]
    if summary["routes"]:
        lines.append(f"  {'route':<10}{'count':>8}{'share %':>9}{'p50 ms':>9}{'p95 ms':>9}{'p99 ms':>9}")
    for api, route in summary["routes"].items():
        lines.append(
            f"  {api:<10}{route['count']:>8}{route['share']:>9.2f}"
            f"{route['p50_ms']:>9.1f}{route['p95_ms']:>9.1f}{route['p99_ms']:>9.1f}"
        )
    for refusal in summary["refusals"]:
        lines.append(f"  refused: record {refusal['index']}: {refusal['reason']}")
    if summary["refused"] > len(summary["refusals"]):
        lines.append(f"  refused: and {summary['refused'] - len(summary['refusals'])} more")
    if summary["left"]:
        lines.append(f"  {summary['left']} records are left: the run was stopped before the service acknowledged them")
    return "\n".join(lines)
