"""Fixtures: Locust as a real process, and files to feed it."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1]
# Seconds that any Locust process may take.
LIMIT = 60


class Process:
    """A Locust process; `finish` waits for it."""

    def __init__(self, script: str, *options: str, cwd: Path = FOLDER.parent, **environment: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", str(FOLDER / script), "--only-summary", *options],
            cwd=cwd,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that a signal can be sent to all its processes, as a terminal does
        )
        self.out = self.err = ""

    def finish(self, code: int | None = None, limit: float = LIMIT) -> "Process":
        self.out, self.err = self.process.communicate(timeout=limit)
        if code is not None:
            assert self.process.returncode == code, self.out + self.err
        assert "Traceback" not in self.err, self.err
        return self

    def interrupt(self) -> None:
        """Press Ctrl-C."""
        os.killpg(self.process.pid, signal.SIGINT)

    def terminate(self) -> None:
        self.process.terminate()

    def children(self) -> list[int]:
        pid = self.process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    @property
    def progress(self) -> list[dict]:
        return [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]

    def counted(self, name: str) -> tuple[int, int]:
        """Return the requests and failures that Locust itself has counted, from its table."""
        line = next(line for line in self.err.splitlines() if re.match(rf"[A-Z]+ +{re.escape(name)}  ", line))
        requests, failures = line.split(name, 1)[1].split()[:2]
        return int(requests), int(failures.partition("(")[0])

    def kill(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.communicate()


Launch = Callable[..., Process]


@pytest.fixture
def launch() -> Iterator[Launch]:
    """Start Locust processes that do not outlive the test."""
    started = []

    def start(script: str, *options: str, **keywords: object) -> Process:
        process = Process(script, *options, **keywords)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()


def free_ports(count: int) -> list[str]:
    """Find ports that nobody uses now; only Locust's own listeners need them, which cannot pick their own."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [str(each.getsockname()[1]) for each in sockets]
    for each in sockets:
        each.close()
    return ports


def ask_until_up(url: str, form: bytes) -> bytes:
    """Send a form to Locust's web page."""
    deadline = time.monotonic() + 30
    while True:
        try:
            return urllib.request.urlopen(url, form, timeout=30).read()  # noqa: S310 - our own page
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.fixture
def two_processes() -> list[str]:
    """Options of a run with two workers."""
    [port] = free_ports(1)
    return ["--processes", "2", "--master-bind-host", "127.0.0.1", "--master-bind-port", port, "--master-port", port]
