"""Hands runs in to the ingest service, beside the samples and never before them.

A run goes in parts, in order, and a part that got no good answer is sent again: that changes nothing where it had been
stored. What the service refuses for good is not tried again, and neither is a service that knows nothing of runs. In
both cases the run is still whole in its file.
"""

import time
from pathlib import Path

import gevent
from gevent.event import Event
from gevent.queue import Queue

from pulso.delivery import backoff, parse_retry_after
from pulso.document import Document, parts
from pulso.exchange import Answer, ExchangeError, exchange
from pulso.samples import SampleError, loads
from pulso.users import error_code, refusal, status

PATH = "/api/runs"
# Seconds that a part gets until its answer is complete.
_PATIENCE = 15.0
# Seconds that runs get when everything else is done; and from when a person has asked for the end. Whoever interrupts a
# run that is ending is waited for longer than either (`Run._await_stop`).
_LAST, _LAST_IN_HASTE = 20.0, 3.0


class _Refused(Exception):  # noqa: N818 - not an error of ours
    """The service will never take this run; the message says why."""


class _Unknown(Exception):  # noqa: N818 - not an error of ours
    """The service knows nothing of runs; the message says what it answered."""


class HandIn:
    """Hands in one run after another, in the background."""

    def __init__(self, entry: str, token: str) -> None:
        self.handed_in: list[str] = []  # ids
        self._url = entry.rstrip("/") + PATH
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        self._waiting: Queue[tuple[Document, Path]] = Queue()
        self._left: list[tuple[str, Path]] = []  # runs that were submitted and are not handed in
        self._faults: dict[str, str] = {}  # by id: why the service will never take it
        self._unknown = ""  # what a service has answered that knows nothing of runs
        self._idle = Event()
        self._idle.set()
        self._haste = Event()
        self._last = "no complete answer"  # why the newest attempt failed
        self._greenlet = gevent.spawn(self._work)

    def submit(self, run: Document, path: Path) -> None:
        """Hand in a run, which is in this file as well."""
        self._idle.clear()
        self._left.append((run["id"], path))
        self._waiting.put((run, path))

    def hurry(self) -> None:
        """Be brief: the run is being interrupted."""
        self._haste.set()

    def finish(self) -> bool:
        """Wait for what is under way, and then give up; says whether nothing has failed."""
        gevent.wait([self._idle, self._haste], timeout=_LAST, count=1)
        if self._haste.is_set():
            self._idle.wait(_LAST_IN_HASTE)
        self._greenlet.kill()
        return not self._left or bool(self._unknown)

    def describe(self) -> list[str]:
        """Return what became of the runs, for a person."""
        lines = [f"  run {identifier} handed in" for identifier in self.handed_in]
        if self._unknown:
            files = ", ".join(str(path) for _, path in self._left)
            return [*lines, f"  no run handed in: the service does not know of runs ({self._unknown}); kept in {files}"]
        for identifier, path in self._left:
            why, cure = self._faults.get(identifier), ""
            if why is None:
                why, cure = self._last, ", which the dashboard's list of runs imports"
            lines.append(f"  error: run {identifier} was not handed in: {why}; it is whole in {path}{cure}")
        return lines

    def _work(self) -> None:
        while True:
            run, path = self._waiting.get()
            if not self._unknown:
                self._hand_in(run, path)
            if self._waiting.empty():
                self._idle.set()

    def _hand_in(self, run: Document, path: Path) -> None:
        try:
            for part in parts(run):
                self._deliver(run["id"], part)
        except _Refused as refused:
            self._faults[run["id"]] = str(refused)
        except _Unknown as unknown:
            self._unknown = str(unknown)
        else:
            self._left.remove((run["id"], path))
            self.handed_in.append(run["id"])

    def _deliver(self, identifier: str, part: bytes) -> None:
        """Send a part until it is stored, as often as it takes."""
        attempts = 1
        while (answer := self._send(identifier, part)) is not None:
            gevent.sleep(backoff(attempts, parse_retry_after(answer.retry_after, time.time())))
            attempts += 1

    def _send(self, identifier: str, part: bytes) -> Answer | None:
        """Send a part: None when it is stored, else the answer after which to try again."""
        try:
            answer = exchange("POST", self._url, self._headers, part, seconds=_PATIENCE)
        except ExchangeError as error:
            self._last = str(error)
            return Answer(0, b"", None)
        code = answer.status_code
        if code == 201 and _acknowledges(answer, identifier):
            return None
        if code in (408, 429) or code >= 500:
            self._last = status(answer)
            return answer
        # A service without runs takes a run for a sample, on whatever path.
        if code in (404, 405) or (code == 400 and error_code(answer) not in ("corrida_invalida", "json_invalido")):
            raise _Unknown(status(answer))
        raise _Refused("HTTP 201 that breaks the contract" if code == 201 else refusal(answer))


def _acknowledges(answer: Answer, identifier: str) -> bool:
    try:
        body = loads(answer.content)
    except SampleError:
        return False
    return isinstance(body, dict) and body.get("run") == identifier
