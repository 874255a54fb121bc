"""Keeps the chronicle of the present run in this process, by Locust's own events."""

import time
from typing import Any

import gevent
import psutil
from locust.env import Environment
from locust.rpc import Message
from locust.runners import MasterRunner, WorkerRunner

from pulso.chronicle import OTHER, Chronicle
from pulso.document import new_id

# The message by which a master tells a worker which run it is part of, and how old that run is.
_JOIN = "pulso_join"


class Scribe:
    """Writes down what happens, from the start of a run to its end."""

    environment: Environment

    def __init__(self) -> None:
        self.chronicle = Chronicle("")
        self.started = self.ended = 0.0  # Unix time
        self.is_writing = False
        self._joined = Chronicle("")  # on a worker: of the run whose users come next
        self._reported: dict[str, int] = {}  # on a master: seconds of which each worker has said everything
        self._process = psutil.Process()

    def attach(self, environment: Environment) -> None:
        """Register the message; on every node, once."""
        self.environment = environment
        if isinstance(environment.runner, WorkerRunner):
            environment.runner.register_message(_JOIN, self._on_join)
        if isinstance(environment.runner, MasterRunner):
            environment.events.worker_connect.add_listener(self._on_worker_connect)

    def begin(self) -> None:
        """Begin a new chronicle."""
        self.started, self._reported, self.is_writing = time.time(), {}, True
        if isinstance(self.environment.runner, WorkerRunner):
            self.chronicle = self._joined
        else:
            self.chronicle = Chronicle(new_id(self.started))
        if isinstance(self.environment.runner, MasterRunner):
            # It arrives before the first users: messages to a worker keep their order.
            self.environment.runner.send_message(_JOIN, self._invitation())
        gevent.spawn(self._write)

    def end(self) -> None:
        """End it: no user is left."""
        self.ended, self.is_writing = time.time(), False

    def on_request(
        self,
        response_time: float,
        context: dict[str, Any] | None = None,
        exception: Exception | None = None,
        **_: object,
    ) -> None:
        """Count a request, as Locust does; `target` in its context is what was asked."""
        if self.is_writing:
            self.chronicle.count((context or {}).get("target", OTHER), response_time, failed=bool(exception))

    def absorb(self, worker: str, part: dict[str, Any]) -> None:
        """On a master: take what a worker has handed over, unless it is an earlier run's."""
        if part["run"] == self.chronicle.run:
            self._reported[worker] = part["complete"]
            self.chronicle.absorb(part)

    def complete(self, workers: list[str]) -> int:
        """Count the seconds of which everything is known, when these workers are at work."""
        return min([self.chronicle.complete, *(self._reported.get(worker, 0) for worker in workers)])

    def _write(self) -> None:
        chronicle = self.chronicle
        self._process.cpu_percent()  # counts from here on
        while True:
            gevent.sleep(1 - chronicle.age % 1)
            if not self.is_writing or self.chronicle is not chronicle:
                return
            # A master knows of its workers' users, but they say so themselves.
            users = 0 if isinstance(self.environment.runner, MasterRunner) else self.environment.runner.user_count
            chronicle.tick(users, self._process.cpu_percent())

    def _invitation(self) -> dict[str, Any]:
        return {"run": self.chronicle.run, "age": self.chronicle.age}

    def _on_worker_connect(self, client_id: str, **_: object) -> None:
        if self.is_writing:
            self.environment.runner.send_message(_JOIN, self._invitation(), client_id=client_id)

    def _on_join(self, environment: Environment, msg: Message) -> None:  # noqa: ARG002 - Locust names them
        self._joined = Chronicle(msg.data["run"], msg.data["age"])
