"""Phase 1: put the VM under a crowd and record its vital signs.

    locust -f locust/trafico_entrada.py --host http://VM:8080 -u 300 -r 1 -t 3m --headless

Each user asks the workload for work and then the agent for its newest sample, and waits one to two seconds. The run
takes its full time at its full users; of all the agent's answers, `--records` go into `--recording`, spread evenly
over the run, distinct samples before repeated ones, in order of arrival. What the load was, second by second, goes into
run.json beside it (A.run.json beside A.json). Both files are written when the run ends, however it ends.

With `--ramp` the users come in steps, and the run ends by itself beyond saturation (`pulso.ramp`); -u is then the load
that is asked about, and -t a limit, where it is given.

Exit code: 0 when both were written, also when requests failed (a saturated workload is what is measured);
1 when there was nothing to record or a file could not be written; 2 when the run could not begin.

Trade-offs: answers of several workers are ordered by the workers' clocks; and which answers are kept is decided while
they come in, so that memory does not grow with the run (`pulso.collector`).
"""

import re
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import gevent
from locust import between, events, task

from pulso import document, machine, protocol, recording, shape
from pulso.chronicle import AGENT
from pulso.collector import Answer, Collector, group, parse, ungroup
from pulso.document import Document
from pulso.ramp import LIMIT
from pulso.recording import RecordingError
from pulso.run import CannotBeginError, Phase, Run, check_url
from pulso.samples import SampleError, loads
from pulso.users import PulsoUser, broken, status

WORKLOAD_PORT = 8082
WORKLOAD_PATH = "/trabajo"
# Answers in one report of a worker to the master, every three seconds.
ANSWERS_PER_REPORT = 5000
# The largest number that the document of a run takes.
MOST_COST = 1_000_000_000
# Seconds between two visits of a user, at least and at most.
WAIT = (1, 2)


@events.init_command_line_parser.add_listener
def add_arguments(parser: ArgumentParser) -> None:
    """Add this phase's options to Locust's."""
    protocol.add_arguments(parser)
    parser.add_argument("--records", type=int, default=2000, metavar="<int>", help="Answers that the recording keeps.")
    parser.add_argument(
        "--recording",
        default="recording.json",
        metavar="<file>",
        include_in_web_ui=False,  # the web page must not choose which file is overwritten
        help="File that the recording is written to.",
    )
    parser.add_argument(
        "--target-url",
        default="",
        metavar="<url>",
        help=f"Application that the VM carries. Default: {WORKLOAD_PATH} on port {WORKLOAD_PORT} of the host.",
    )
    # A run has its shape before the web page is there.
    parser.add_argument(
        "--ramp",
        action="store_true",
        default=False,
        include_in_web_ui=False,
        help="Step the users up, over -u, until the VM is beyond saturation.",
    )
    parser.add_argument(
        "--ramp-limit",
        type=int,
        default=0,
        metavar="<int>",
        include_in_web_ui=False,
        help=f"Users that a ramp tries at the most. Default: {LIMIT} times -u.",
    )


def workload_url(target_url: str, host: str) -> str:
    """Return the URL of the application under test: as given, or the workload beside the agent."""
    if target_url:
        return target_url
    parts = urlsplit(host)
    name = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return urlunsplit((parts.scheme, f"{name}:{WORKLOAD_PORT}", WORKLOAD_PATH, "", ""))


def read_cost(body: bytes) -> dict[str, Any] | None:
    """Return what an answer says that it has cost, as Pulso's own workload does; None of any other application."""
    try:
        value = loads(body)
    except SampleError:
        return None
    if not isinstance(value, dict):
        return None
    cpu, memory = value.get("cpu_ms"), value.get("memoria_mib")
    if type(cpu) in (int, float) and type(memory) is int and 0 <= cpu <= MOST_COST and 0 <= memory <= MOST_COST:
        return {"cpu_ms": cpu, "memoria_mib": memory}
    return None


class Recorder(Phase):
    """Collects the answers, here or on the workers, and writes the recording and the run."""

    host_example = "http://VM:8080"

    def __init__(self) -> None:
        self.collector = Collector(1)
        self.path = Path()
        self.workload = ""
        self.workload_name = ""
        self.answers = 0  # in all; the collector of a worker forgets its own after each report
        self.cost: dict[str, Any] | None = None  # of a request, as Pulso's own workload states it
        self.has_worked = False  # the workload gave a good answer
        self.asking = gevent.Greenlet()  # for the VM

    def check(self, options: Mapping[str, Any]) -> None:
        """Check the application's URL and the number of records."""
        if options["target_url"]:
            check_url("--target-url", options["target_url"])
        if not re.fullmatch("0*[1-9][0-9]*", str(options["records"])):
            raise CannotBeginError(f"--records is {options['records']}, not at least 1")
        protocol.check(options)

    def prepare(self) -> None:
        """Check the files and the ramp."""
        options = self.options
        self.path = Path(self.options.recording)
        try:
            for path in (self.path, document.companion(self.path, "run")):
                recording.check_writable(path)
        except RecordingError as error:
            raise CannotBeginError(str(error)) from None
        if not options.ramp:
            if options.ramp_limit:
                raise CannotBeginError("--ramp-limit is nothing without --ramp")
            return
        if options.headless and not options.num_users:
            raise CannotBeginError("--ramp needs -u, the load that is asked about")
        if options.ramp_limit and options.ramp_limit < (options.num_users or 1):
            raise CannotBeginError(f"--ramp-limit is {options.ramp_limit}, less than -u")
        self.environment.shape_class = shape.RampShape(self, self.environment)

    def start(self) -> None:
        """Begin with no answers."""
        self.collector = Collector(ANSWERS_PER_REPORT if self.is_worker else self.options.records)
        self.answers = 0
        self.cost, self.has_worked = None, False
        if not self.is_worker:
            self.asking = gevent.spawn(machine.ask, self.environment.host)
        self.workload = workload_url(self.options.target_url, self.environment.host)
        self.workload_name = f"workload {urlsplit(self.workload).path or '/'}"

    def stopping(self) -> None:
        """Nothing to do: the users finish the round that they are in."""

    def hurry(self) -> None:
        """Nothing to do: nobody is waited for."""

    def record(self, body: bytes) -> None:
        """Keep an answer; raises SampleError when it is not a sample."""
        key = self.collector.add(time.time(), body)
        self.scribe.chronicle.hear(key, lambda: loads(body))
        self.answers += 1

    def note_work(self, body: bytes) -> None:
        """Note what the first good answer of the workload says of its cost."""
        if not self.has_worked:
            self.has_worked, self.cost = True, read_cost(body)

    def payload(self) -> dict[str, Any]:
        """Hand over what was collected since the last report."""
        collector, self.collector = self.collector, Collector(ANSWERS_PER_REPORT)
        return {"answers": collector.answers, "kept": group(collector.select()), "cost": self.cost}

    def absorb(self, worker: str, payload: dict[str, Any]) -> None:  # noqa: ARG002 - all workers are alike
        """Collect a worker's answers."""
        for answer in ungroup(payload["kept"]):
            self.collector.add(answer.arrival, answer.body)
        self.answers += payload["answers"]
        self.cost = self.cost or payload["cost"]

    def is_done(self) -> bool:
        """Phase 1 runs for its full time."""
        return False

    def progress(self) -> dict[str, Any]:
        """Count requests, and what the recording would hold if the run ended now."""
        runner, ramp = self.environment.runner, self.environment.shape_class
        step = {"step": ramp.step} if ramp else {}
        return {
            "phase": 1,
            "users": runner.user_count,
            **step,
            "requests": runner.stats.total.num_requests,
            "failures": runner.stats.total.num_failures,
            "records": min(self.answers, self.collector.wanted),
            "distinct": self.collector.distinct,
        }

    def finish(self) -> tuple[int, str]:
        """Write the recording, and the run beside it."""
        if not self.answers:
            return 1, f"error: the agent gave no usable answer, nothing was recorded, {self.path} was not touched"
        kept = self.collector.select()
        run = self.as_document(kept)
        companion = document.companion(self.path, "run")
        try:
            recording.write(self.path, (loads(answer.body) for answer in kept))
            document.write(companion, run)
        except RecordingError as error:
            return 1, f"error: {error}"
        distinct = len({parse(answer.body) for answer in kept})
        fewer = f" (fewer than the {self.collector.wanted} asked for)" if len(kept) < self.collector.wanted else ""
        return 0, (
            f"recorded {len(kept)} of {self.answers} answers{fewer}, {distinct} distinct samples, in {self.path}\n"
            f"run {run['id']}, {len(run['seconds'])} s, in {companion}; its verdict: make report RUN={companion}"
        )

    def as_document(self, kept: list[Answer]) -> Document:
        """Return the document of the run."""
        self.asking.join(machine.PATIENCE)
        options = self.options
        made = {
            "wait_min": WAIT[0],
            "wait_max": WAIT[1],
            "duration": 0 if options.ramp else options.run_time or 0,
            "ramp": options.ramp,
            "speed": 1,
            "target": document.address(self.workload),
            "records": len(kept),
        }
        if self.cost:
            made["workload"] = self.cost
        vm = self.asking.value or machine.of_sample(loads(kept[0].body))
        return protocol.describe(self.scribe, options, document.ENTER, vm, **made)


recorder = Recorder()
Run(recorder).listen()


class Visitor(PulsoUser):
    """One user of the VM's application, who reads the VM's vital signs as well."""

    phase = recorder
    wait_time = between(*WAIT)

    @task
    def visit(self) -> None:
        """Ask for work, then for the newest sample."""
        self.leave_if_over()
        self.work()
        self.read_metrics()

    def work(self) -> None:
        """Send one request to the application under test; 503 is its honest answer when it is full, and a failure."""
        asked = {"name": recorder.workload_name, "context": {"target": "workload"}}
        with self.client.get(recorder.workload, catch_response=True, **asked) as response:
            if message := broken(response):
                response.failure(message)
            elif response.status_code >= 400:
                response.failure(status(response))
            else:
                recorder.note_work(response.content)

    def read_metrics(self) -> None:
        """Read the agent's newest sample and record it."""
        asked = {"name": "agent /metrics", "context": {"target": AGENT}, "headers": {"Accept": "application/json"}}
        with self.client.get("/metrics", catch_response=True, **asked) as response:
            if message := broken(response):
                response.failure(message)
            elif response.status_code != 200:
                response.failure(status(response))
            else:
                try:
                    recorder.record(response.content)
                except SampleError as error:
                    response.failure(f"not a sample: {error}")
