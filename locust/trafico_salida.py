"""Phase 2: replay the recording into the ingest routes.

    locust -f locust/trafico_salida.py --host http://ENTRY:8081 -u 150 -r 10 --headless

Every record of the recording is one POST to /api with its own Idempotency-Key, shared out over the users, who wait one
to four seconds between two records. A failed send (no complete answer, 408, 429, 5xx) is repeated with the same key
until the service acknowledges it; any other answer that is not the 201 of the contract is final. The run ends by
itself when every record is acknowledged or refused. `PULSO_INGEST_TOKEN` is the bearer token, where the service asks
for one.

Exit code: 0 only when every record was acknowledged; 1 when some were refused or are left; 2 when the run could not
begin. `--summary` writes the account as JSON.

The run that phase 1 left beside the recording is handed in as well, and so is the run that this replay is, which goes
into replay.json there (A.replay.json beside A.json); `pulso.handin` does it, while the samples go their own way. A run
that the service could not be given makes the exit code 1.

Trade-offs: nothing gives up on a record, so a service that never recovers is ended by `-t` or Ctrl-C; the recording and
its account are in memory; and a redirect is not followed, for it would take the token and the record elsewhere.
"""

import json
import math
import os
import time
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from locust import between, events, task
from locust.contrib.fasthttp import ResponseContextManager
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, WorkerRunner

from pulso import document, machine, protocol, recording
from pulso.delivery import (
    Acknowledged,
    Job,
    Ledger,
    Outbox,
    Outcome,
    Refused,
    Reporter,
    Traffic,
    describe,
    parse_retry_after,
    summarise,
)
from pulso.document import Document
from pulso.handin import HandIn
from pulso.recording import RecordingError
from pulso.run import CannotBeginError, Phase, Run
from pulso.samples import Sample, SampleError, loads
from pulso.users import PulsoUser, broken, refusal, status

# How long a user looks for a record before it waits for its next turn, in seconds.
PATIENCE = 1.0
# A worker whose request for records stays unanswered, or is answered with none, asks again after so many seconds.
ASK_AGAIN = 1.0
# A worker never gets more than its part of the pending records, times this, so that there is work for all at the end.
SHARES_PER_WORKER = 2
# Seconds between two records of a user, at least and at most.
WAIT = (1, 4)
LOCAL = "local"
# Messages: a worker asks for records, the master hands some out; and confirms the outcomes of a report.
_ASK, _HAND_OUT, _CONFIRM = "pulso_ask", "pulso_hand_out", "pulso_confirm"


@events.init_command_line_parser.add_listener
def add_arguments(parser: ArgumentParser) -> None:
    """Add this phase's options to Locust's."""
    protocol.add_arguments(parser)
    # The web page must not choose which files are read and overwritten.
    parser.add_argument(
        "--recording",
        default="recording.json",
        metavar="<file>",
        include_in_web_ui=False,
        help="Recording that phase 1 wrote.",
    )
    parser.add_argument(
        "--summary",
        default="",
        metavar="<file>",
        include_in_web_ui=False,
        help="File that the account of the run is written to, as JSON.",
    )
    parser.add_argument(
        "--full-speed", action="store_true", default=False, help="No waits: each user sends as fast as it gets answers."
    )
    parser.add_argument("--speed", type=float, default=1.0, metavar="<number>", help="What the waits are divided by.")


class Sender(Phase):
    """Keeps the account of the recording, here or on the master, and the stock to send from, here or on the workers."""

    host_example = "http://ENTRY:8081"

    def __init__(self) -> None:
        self.path = Path()
        self.summary_path: Path | None = None
        self.records: list[Sample] = []
        self.recorded: Document | None = None  # the run that made the recording
        self.hand_in: HandIn | None = None
        self.ledger = Ledger([], "")
        self.outbox = Outbox(lambda _: [])
        self.reporter = Reporter()
        self.traffic: dict[str, Traffic] = {}  # of each process that sends
        self.started = 0.0
        self.run = ""  # the run that a worker's records belong to
        self.asked = -math.inf  # when a worker last asked for records, monotonic seconds

    def check(self, options: Mapping[str, Any]) -> None:
        """Check the speed."""
        protocol.check(options)
        try:
            good = 0 < float(options["speed"]) < math.inf
        except ValueError:
            good = False
        if not good:
            raise CannotBeginError(f"--speed is {options['speed']}, not a number over 0")
        if float(options["speed"]) != 1 and str(options["full_speed"]).lower() == "true":
            raise CannotBeginError("--speed and --full-speed exclude each other")

    def prepare(self) -> None:
        """Read and check the recording; it is the same for all runs of this process."""
        self.path = Path(self.options.recording)
        token()
        try:
            if self.options.summary:
                self.summary_path = Path(self.options.summary)
                recording.check_writable(self.summary_path)
            recording.check_writable(document.companion(self.path, "replay"))
            self.records = recording.read(self.path)
            self.recorded = document.read(document.companion(self.path, "run"), len(self.records))
        except RecordingError as error:
            raise CannotBeginError(str(error)) from None
        if isinstance(self.environment.runner, MasterRunner):
            self.environment.runner.register_message(_ASK, self.on_ask)

    def start(self) -> None:
        """Open a new account, under new keys."""
        self.started = time.monotonic()
        self.traffic = {}
        if self.is_worker:
            self.run, self.asked, self.reporter = "", -math.inf, Reporter()
            self.outbox = Outbox(self.ask)
        else:
            self.ledger = Ledger(self.records, self.scribe.chronicle.run)
            self.hand_in = HandIn(self.environment.host, token())
            if self.recorded:
                self.hand_in.submit(self.recorded, document.companion(self.path, "run"))
            self.outbox = Outbox(lambda room: self.ledger.take(LOCAL, room))

    def book(self, outcome: Outcome) -> None:
        """Note what became of a record."""
        if self.is_worker:
            self.reporter.add(outcome)
        else:
            self.ledger.settle(LOCAL, [outcome])

    # Worker: records come by message, outcomes go with the reports.

    def listen_to_master(self, environment: Environment) -> None:
        """Register the messages of a worker."""
        environment.runner.register_message(_HAND_OUT, self.on_hand_out)
        environment.runner.register_message(_CONFIRM, self.on_confirm)

    def ask(self, room: int) -> list[Job]:
        """Ask the master for records, which arrive later."""
        now = time.monotonic()
        if now - self.asked >= ASK_AGAIN and not self.reporter.is_full:
            self.asked = now
            self.environment.runner.send_message(_ASK, {"room": room})
        return []

    def on_hand_out(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002 - Locust names them
        """Stock what the master hands out."""
        jobs = [Job(index, key, body) for index, key, body in msg.data["jobs"]]
        self.run = msg.data["run"]
        if jobs:
            self.asked = -math.inf
            self.outbox.put(jobs)

    def on_confirm(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002 - Locust names them
        """Forget outcomes that the master has booked."""
        if msg.data["run"] == self.run:
            self.reporter.confirm(msg.data["serial"])

    def payload(self) -> dict[str, Any]:
        """Report outcomes and the traffic so far."""
        serial, outcomes = self.reporter.report()
        return {
            "run": self.run,
            "serial": serial,
            "acknowledged": [outcome for outcome in outcomes if isinstance(outcome, Acknowledged)],
            "refused": [outcome for outcome in outcomes if isinstance(outcome, Refused)],
            "sent": self.outbox.sent,
            "retried": self.outbox.retried,
        }

    # Master: hands out records and books outcomes.

    def on_ask(self, environment: Environment, msg: Message) -> None:
        """Hand records to a worker."""
        share = SHARES_PER_WORKER * max(1, len(self.workers))
        jobs = self.ledger.take(msg.node_id, msg.data["room"], share)
        data = {"run": self.ledger.run, "jobs": [(job.index, job.key, job.body) for job in jobs]}
        environment.runner.send_message(_HAND_OUT, data, client_id=msg.node_id)

    def absorb(self, worker: str, payload: dict[str, Any]) -> None:
        """Book a worker's outcomes and confirm them."""
        if payload["run"] != self.ledger.run:
            return  # an earlier run's, or the worker has had no records yet
        self.ledger.settle(worker, [Acknowledged(*outcome) for outcome in payload["acknowledged"]])
        self.ledger.settle(worker, [Refused(*outcome) for outcome in payload["refused"]])
        self.traffic[worker] = Traffic(payload["sent"], payload["retried"])
        confirmation = {"run": self.ledger.run, "serial": payload["serial"]}
        self.environment.runner.send_message(_CONFIRM, confirmation, client_id=worker)

    def reclaim(self) -> None:
        """Take back what lost workers held; another worker sends it again, under the same keys."""
        for holder in self.ledger.holders():
            if holder != LOCAL and holder not in self.workers:
                self.ledger.give_back(holder)

    # Both.

    def stopping(self) -> None:
        """Send nothing new."""
        self.outbox.close()

    def hurry(self) -> None:
        """Wait no longer for runs to be handed in."""
        if self.hand_in:
            self.hand_in.hurry()

    def is_done(self) -> bool:
        """Say whether every record is acknowledged or refused."""
        self.reclaim()
        return not self.ledger.left

    def total_traffic(self) -> Traffic:
        """Add up what all processes have sent."""
        parts = [*self.traffic.values(), Traffic(self.outbox.sent, self.outbox.retried)]
        return Traffic(sum(part.sent for part in parts), sum(part.retried for part in parts))

    def progress(self) -> dict[str, Any]:
        """Count the records that arrived, in all and by route."""
        return {
            "phase": 2,
            "users": self.environment.runner.user_count,
            "acknowledged": len(self.ledger.acknowledged),
            "total": self.ledger.total,
            "retried": self.total_traffic().retried,
            "routes": dict(sorted(self.ledger.routes.items())),
        }

    def finish(self) -> tuple[int, str]:
        """Close the account: write the run and hand it in, then say what became of everything."""
        seconds = time.monotonic() - self.started
        path, run = document.companion(self.path, "replay"), self.as_document()
        errors = self.write(lambda: document.write(path, run))
        self.hand_in.submit(run, path)
        good = self.hand_in.finish()
        summary = summarise(self.ledger, self.total_traffic(), seconds, self.hand_in.handed_in)
        if self.summary_path:
            text = json.dumps(summary, indent=1) + "\n"
            errors += self.write(lambda: recording.write_atomically(self.summary_path, text))
        all_sent = len(self.ledger.acknowledged) == self.ledger.total
        lines = [describe(summary), *self.hand_in.describe(), *errors]
        return 0 if all_sent and good and not errors else 1, "\n".join(lines)

    @staticmethod
    def write(write: Callable[[], None]) -> list[str]:
        """Write a file; returns what went wrong."""
        try:
            write()
        except RecordingError as error:
            return [f"error: {error}"]
        return []

    def as_document(self) -> Document:
        """Return the document of the replay."""
        options, recorded = self.options, self.recorded
        made = {
            "wait_min": WAIT[0],
            "wait_max": WAIT[1],
            "duration": 0,
            "ramp": False,
            "speed": 0 if options.full_speed else options.speed,
            "target": document.address(self.environment.host),
            "records": len(self.records),
        }
        vm = recorded["vm"] if recorded else machine.of_sample(self.records[0])
        run = protocol.describe(self.scribe, options, document.LEAVE, vm, **made)
        return run | {"recording": recorded["id"] if recorded else ""}


def token() -> str:
    """Return the ingest token, or an empty string; raises CannotBeginError, without the token in its message."""
    value = os.environ.get("PULSO_INGEST_TOKEN", "").strip()
    if not all(" " <= character <= "~" for character in value):
        raise CannotBeginError("PULSO_INGEST_TOKEN has characters that an HTTP header cannot carry")
    return value


def acknowledgement(response: ResponseContextManager, job: Job) -> Acknowledged:
    """Check a 201 against the contract; raises SampleError."""
    body = loads(response.content)
    match body:
        case {"api": str(api), "insertados": 1, "ids": [int(identifier)]} if api and 0 < identifier < 2**63:
            return Acknowledged(job.index, api, identifier, response.request_meta["response_time"])
    raise SampleError("its body is not that of one stored sample")


sender = Sender()
Run(sender).listen()


@events.init.add_listener
def connect_worker(environment: Environment, **_: object) -> None:
    """Let a worker hear the master's messages."""
    if isinstance(environment.runner, WorkerRunner):
        sender.listen_to_master(environment)


class Replayer(PulsoUser):
    """One client of the ingest service."""

    phase = sender
    insecure = False  # a token goes with each request: certificates are checked
    max_redirects = 0
    _pause = between(*WAIT)

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if value := token():
            self._headers["Authorization"] = f"Bearer {value}"

    def wait_time(self) -> float:
        """Seconds until the next record."""
        options = self.environment.parsed_options
        return 0.0 if options.full_speed else self._pause() / options.speed

    @task
    def send(self) -> None:
        """Send one record and book what became of it, or take it back for another attempt."""
        self.leave_if_over()
        outbox = sender.outbox
        job = outbox.take(PATIENCE)
        if job is None:
            return
        booked, retry_after = False, None
        try:
            headers = {**self._headers, "Idempotency-Key": job.key}
            with self.client.post("/api", name="/api", data=job.body, headers=headers, catch_response=True) as response:
                outcome, message, retry_after = judge(response, job)
                if isinstance(outcome, Acknowledged):
                    response.request_meta["context"]["target"] = outcome.api
                if message:
                    response.failure(message)
                if outcome:
                    sender.book(outcome)
                    booked = True
        finally:
            # Also when this user is stopped in mid-request: the record stays on the account.
            if not booked:
                outbox.retry(job, retry_after)


def judge(response: ResponseContextManager, job: Job) -> tuple[Outcome | None, str, float | None]:
    """Say what an answer means: the outcome (None: try again), the failure, and the seconds the server asks for."""
    if message := broken(response):
        return None, message, None
    code = response.status_code
    if code == 201:
        try:
            return acknowledgement(response, job), "", None
        except SampleError as error:
            message = f"HTTP 201 that breaks the contract: {error}"
            return Refused(job.index, message), message, None
    if code in (408, 429) or code >= 500:
        return None, status(response), parse_retry_after(response.headers.get("Retry-After"), time.time())
    return Refused(job.index, refusal(response)), status(response), None
