"""The life of a run in Locust, the same for both phases and for every way to start it.

A run is over when its time is up, when a phase says that its work is done, on Ctrl-C, on SIGTERM, or by the Stop button
of the web page; in a distributed run the master hears of it first. Each of these passes through Locust's
`test_stopping` event, and here it always means: nobody begins anything new, requests in flight are waited for, what
the workers still hold is fetched, and only then is the account closed.

Locust by itself does neither. It kills users in mid-request unless `--stop-timeout` is given, and its master waits half
a second for the workers' last reports. So this module sets a stop timeout, and drains the workers with two messages of
its own before it lets the master go on.
"""

import json
import os
import signal
import sys
import time
from abc import ABC, abstractmethod
from argparse import Namespace
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlsplit

import gevent
import psutil
from flask import Response, jsonify, request
from gevent.event import Event
from locust import events
from locust.env import Environment
from locust.rpc import Message
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner

from pulso.scribe import Scribe

# A request gives up after this many seconds without an answer, and a run that ends waits that long for it.
REQUEST_TIMEOUT = 15.0
STOP_TIMEOUT = REQUEST_TIMEOUT + 1
# Exit code for a run that could not begin, as argparse has it for wrong options.
CANNOT_BEGIN = 2

# Messages between master and workers, and the key of our part of a worker's report.
_DRAIN, _DRAINED, _REPORT = "pulso_drain", "pulso_drained", "pulso"


class CannotBeginError(Exception):
    """The options or files do not allow a run; the message is one line for a person."""


def check_url(name: str, url: str) -> None:
    """Raise CannotBeginError unless this is an http or https URL."""
    try:
        good = urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname
    except ValueError:
        good = False
    if not good:
        raise CannotBeginError(f"{name} is {url!r}, not an http or https URL")


class Phase(ABC):
    """What differs between the two phases. One object lives in each process, for all runs of that process."""

    environment: Environment
    options: Namespace
    scribe: Scribe  # has the chronicle of the present run, or of the newest
    # A master that is still ramping up when the run ends sends its workers more users: they end at once.
    is_stopping = False
    host_example: str  # what to give as --host

    @abstractmethod
    def check(self, options: Mapping[str, Any]) -> None:
        """Check the options that the web page can set, which are strings then. Raises CannotBeginError."""

    @abstractmethod
    def prepare(self) -> None:
        """Check the other options and files once, before any traffic; not on workers. Raises CannotBeginError."""

    @abstractmethod
    def start(self) -> None:
        """Begin a run, on every node."""

    @abstractmethod
    def stopping(self) -> None:
        """Begin nothing new; called on every node while requests are still in flight."""

    @abstractmethod
    def hurry(self) -> None:
        """Wait for nothing that can be left: somebody has interrupted this process, perhaps while it finishes."""

    @abstractmethod
    def payload(self) -> dict[str, Any]:
        """On a worker: what to report to the master now."""

    @abstractmethod
    def absorb(self, worker: str, payload: dict[str, Any]) -> None:
        """On the master: take what a worker reported."""

    @abstractmethod
    def is_done(self) -> bool:
        """Say whether the work is complete, so that the run can end by itself."""

    @abstractmethod
    def progress(self) -> dict[str, Any]:
        """Return the state of the run for one line of progress."""

    @abstractmethod
    def finish(self) -> tuple[int, str]:
        """Close the account, where there is one: the exit code and the result for a person."""

    @property
    def is_worker(self) -> bool:
        """Whether this process only sends, for a master."""
        return isinstance(self.environment.runner, WorkerRunner)

    @property
    def workers(self) -> list[str]:
        """The workers that a master can reach, or an empty list."""
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            return []
        return [client.id for client in runner.clients.all if client.state != STATE_MISSING]


class Run:
    """Ties a phase to Locust's events."""

    def __init__(self, phase: Phase) -> None:
        self.phase = phase
        self.scribe = phase.scribe = Scribe()
        self.started = 0.0  # monotonic time, seconds
        self.result: tuple[int, str] | None = None  # of the newest run that has ended
        self._active = False  # between test_start and the end of finish
        self._printed = False
        self._quitting = False
        self._ended = Event()  # set from test_stop to the next test_start
        self._ended.set()
        self._draining: set[str] = set()
        self._drained = Event()

    def listen(self) -> None:
        """Subscribe to Locust's events; called when the locust file is loaded."""
        events.init.add_listener(self._on_init)
        events.request.add_listener(self.scribe.on_request)
        events.test_start.add_listener(self._on_test_start)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)
        events.report_to_master.add_listener(self._on_report_to_master)
        events.worker_report.add_listener(self._on_worker_report)
        events.quit.add_listener(self._on_quit)

    def _on_init(self, environment: Environment, **_: object) -> None:
        phase, runner = self.phase, environment.runner
        phase.environment, phase.options = environment, environment.parsed_options
        # Locust fires `quitting` in reverse order of subscription. Subscribing here, after the runner has, makes this
        # listener run before the runner's own, which on a worker says goodbye to the master.
        environment.events.quitting.add_listener(self._on_quitting)
        gevent.signal_handler(signal.SIGINT, self._on_interrupt)
        # Timers count from when the loop last looked at the clock, which was before everything was loaded: without
        # this, a run ends seconds before the time that -t gives it.
        gevent.get_hub().loop.update_now()
        self.scribe.attach(environment)
        if not environment.stop_timeout:
            environment.stop_timeout = STOP_TIMEOUT
        if isinstance(runner, WorkerRunner):
            runner.register_message(_DRAIN, self._on_drain, concurrent=True)
            return
        if isinstance(runner, MasterRunner):
            runner.register_message(_DRAINED, self._on_drained)
        try:
            self._check(vars(phase.options), needs_host=phase.options.headless)
            phase.prepare()
        except CannotBeginError as error:
            self._fail(str(error))
        if environment.shape_class and phase.options.headless:
            # Locust runs a shape before it listens to SIGTERM.
            gevent.signal_handler(signal.SIGTERM, self._on_early_terminate)
        if environment.web_ui:
            environment.web_ui.app.before_request(self._check_form)

    def _check(self, options: Mapping[str, Any], *, needs_host: bool) -> None:
        if options["host"]:
            check_url("--host", options["host"])
        elif needs_host:
            raise CannotBeginError(f"--host is missing, like --host {self.phase.host_example}")
        self.phase.check(options)

    def _check_form(self) -> Response | None:
        """Refuse on the web page what the command line refuses, as Locust refuses a wrong number of users."""
        if request.endpoint == "locust.swarm":
            try:
                self._check(vars(self.phase.options) | request.form.to_dict(), needs_host=True)
            except CannotBeginError as error:
                return jsonify({"success": False, "message": str(error), "host": self.phase.environment.host})
        return None

    def _on_interrupt(self) -> None:
        """End the run on Ctrl-C.

        Python raises KeyboardInterrupt in whatever runs at that moment, which is as likely as not a user in
        mid-request. Here it is raised where Locust expects it, in the main greenlet. A second Ctrl-C is ignored: it
        would cut the writing short, and the wait is bounded by the timeouts.
        """
        if not self._quitting:
            self._quitting = True
            gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())

    def _on_early_terminate(self) -> None:
        """End a run with a shape on SIGTERM, as on Ctrl-C; once it is over, Locust listens itself."""
        if self.result is None:
            self._on_interrupt()

    def _fail(self, message: str) -> NoReturn:
        print(f"error: {message}", file=sys.stderr)  # noqa: T201 - what the user has to read
        self.phase.environment.runner.quit()  # lets workers on other machines go, as far as they have connected
        # Those of --processes may not have, and Locust would leave them behind.
        for child in psutil.Process().children():
            child.terminate()
        sys.exit(CANNOT_BEGIN)

    def _on_test_start(self, **_: object) -> None:
        self.started, self.result, self._active = time.monotonic(), None, True
        self.phase.is_stopping = False
        self._ended.clear()
        self.scribe.begin()
        self.phase.start()
        if not self.phase.is_worker:
            gevent.spawn(self._watch)

    def _watch(self) -> None:
        """Once a second: say how far the run is, and end it when its work is done."""
        started = self.started
        while self._active and self.started == started:
            if self.phase.is_done():
                self._end()
                return
            self._print_progress()
            self._wait_a_second()

    def _wait_a_second(self) -> None:
        until = time.monotonic() + 1
        while self._active and not self.phase.is_done() and time.monotonic() < until:
            gevent.sleep(0.05)

    def _end(self) -> None:
        runner = self.phase.environment.runner
        if self.phase.options.headless:
            runner.quit()
        else:
            runner.stop()

    def _print_progress(self) -> None:
        if os.environ.get("PULSO_PROGRESS") != "json":
            return
        line = self.phase.progress() | {"elapsed": round(time.monotonic() - self.started, 1)}
        try:
            print(json.dumps(line), flush=True)  # noqa: T201 - read by the program that started us
        except OSError:
            os.environ.pop("PULSO_PROGRESS")  # nobody reads any more; the run itself goes on

    def _on_test_stopping(self, **_: object) -> None:
        self.phase.is_stopping = True
        if self.phase.workers:
            self._drain_workers()
        self.phase.stopping()

    def _drain_workers(self) -> None:
        """Wait until every reachable worker has stopped its users and sent what it still had."""
        self._draining = set(self.phase.workers)
        self._drained.clear()
        for worker in self._draining:
            self.phase.environment.runner.send_message(_DRAIN, client_id=worker)
        until = time.monotonic() + STOP_TIMEOUT + 5
        while self._draining and time.monotonic() < until:
            self._drained.wait(0.5)
            self._drained.clear()
            self._draining.intersection_update(self.phase.workers)

    def _on_drain(self, environment: Environment, **_: object) -> None:
        self._await_stop()
        runner = environment.runner
        runner.stop()
        # The last report, which Locust would send when the master no longer listens, or not at all.
        report: dict[str, Any] = {}
        environment.events.report_to_master.fire(client_id=runner.client_id, data=report)
        runner.send_message("stats", report)
        runner.send_message(_DRAINED)
        # Nobody is left to wait for, but Locust's worker would sleep that long before it is ready for another run.
        environment.stop_timeout = 0.0

    def _on_drained(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002 - Locust names them
        self._draining.discard(msg.node_id)
        self._drained.set()

    def _await_stop(self) -> None:
        """Let a stop that is under way finish, since Locust stumbles over a second one beside it.

        Two come together when a run that is ending is interrupted, and when Ctrl-C reaches master and workers at once.
        """
        if self.phase.is_stopping:
            self._ended.wait(STOP_TIMEOUT + 10)

    def _on_test_stop(self, **_: object) -> None:
        self.scribe.end()
        self._close()
        self._ended.set()

    def _close(self) -> None:
        if self.phase.is_worker or not self._active:
            return
        self._active = False
        self._print_progress()
        self.result = self.phase.finish()
        if not self.phase.options.headless:
            self._print_result()

    def _on_report_to_master(self, data: dict[str, Any], **_: object) -> None:
        if self._active:
            data[_REPORT] = {"phase": self.phase.payload(), "chronicle": self.scribe.chronicle.hand_over()}

    def _on_worker_report(self, client_id: str, data: dict[str, Any], **_: object) -> None:
        if _REPORT in data and self._active:
            self.phase.absorb(client_id, data[_REPORT]["phase"])
            self.scribe.absorb(client_id, data[_REPORT]["chronicle"])

    def _on_quitting(self, environment: Environment, **_: object) -> None:
        """Close the account before Locust decides on the exit code, which on Ctrl-C and SIGTERM is before it stops."""
        self._quitting = True
        self.phase.hurry()
        if self.phase.is_worker:
            if self._active:
                self._on_drain(environment)
            return
        self._await_stop()
        environment.runner.quit()
        if self.result is not None:
            environment.process_exit_code = self.result[0]
        elif self.phase.options.headless:
            environment.process_exit_code = 1

    def _on_quit(self, **_: object) -> None:
        """Print the result below Locust's own tables."""
        if self.result is not None and self.phase.options.headless and not self._printed:
            self._printed = True  # on SIGTERM Locust can come here twice
            self._print_result()

    def _print_result(self) -> None:
        print(self.result[1], flush=True)  # noqa: T201 - what the run was for
