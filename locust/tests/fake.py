"""Real HTTP servers on loopback that play the agent, the workload and the ingest service, with faults on demand."""

import itertools
import json
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from contract import faults

SAMPLE = {
    "total_ram": 3934,
    "ram_libre": 2951,
    "uso_ram": 983,
    "porcentaje_ram": 24.98,
    "porcentaje_cpu_uso": 12.5,
    "porcentaje_cpu_libre": 87.5,
    "procesos_corriendo": 2,
    "total_procesos": 120,
    "procesos_durmiendo": 117,
    "procesos_zombie": 1,
    "procesos_parados": 0,
    "hora": "2026-03-01 12:00:00",
    "host": "vm-ñ",
    "secuencia": 1,
    "fuente": "procfs",
}

MACHINE = {
    "host": "vm-ñ",
    "cpus": 4,
    "ram_mib": 3934,
    "machine": "e2-standard-4",
    "kernel": "6.1.0-37-cloud-amd64",
    "processes": 31000,
}


def sample(sequence: int, **changes: object) -> dict[str, Any]:
    """Make a sample of the agent."""
    return SAMPLE | {"secuencia": sequence} | changes


class Server:
    """A threaded HTTP/1.1 server on a port that the system picks."""

    def __init__(self) -> None:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # one write per answer: two would wait for each other on a kept connection
            disable_nagle_algorithm = True

            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                owner.get(self)

            def do_POST(self) -> None:
                owner.post(self, self.rfile.read(int(self.headers["Content-Length"])))

        class Threaded(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, *_: object) -> None:
                pass  # clients that are killed leave broken pipes

        self._server = Threaded(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.changed = threading.Condition()

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        raise NotImplementedError

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        raise NotImplementedError

    def wait_until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        """Wait for something that a request brings about."""
        with self.changed:
            assert self.changed.wait_for(condition, seconds), "the server did not see it in time"

    def note(self, change: Callable[[], object]) -> None:
        with self.changed:
            change()
            self.changed.notify_all()


def answer(handler: BaseHTTPRequestHandler, code: int, body: object, **headers: str) -> None:
    """Send a complete answer; a body that is bytes goes out as it is."""
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    handler.send_response(code)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(data)


class Vm(Server):
    """The agent and the workload, which share a server here."""

    def __init__(self) -> None:
        super().__init__()
        began = time.monotonic()
        # Of the n-th request for a sample: which one it gets.
        self.sequence: Callable[[int], int] = lambda _: 1000 + int((time.monotonic() - began) * 10)
        self.hits: Counter[str] = Counter()
        self.served = 0  # samples that went out
        self.workload: Callable[[int], tuple[int, object]] = lambda _: (200, {"cpu_ms": 4, "memoria_mib": 1})
        self.metrics: Callable[[int], tuple[int, object] | None] = lambda _: None
        self.vm: tuple[int, object] = (200, MACHINE)

    def get(self, handler: BaseHTTPRequestHandler) -> None:
        with self.changed:
            self.hits[handler.path] += 1
            number = self.hits[handler.path]
            self.changed.notify_all()
        if handler.path == "/vm":
            answer(handler, *self.vm)
            return
        if handler.path != "/metrics":
            answer(handler, *self.workload(number))
            return
        if special := self.metrics(number):
            answer(handler, *special)
            return
        answer(handler, 200, sample(self.sequence(number)))
        handler.wfile.flush()
        self.note(lambda: setattr(self, "served", self.served + 1))


class Ingest(Server):
    """Both routes behind the entry point. `plan` names, for a record's n-th attempt, what happens to it.

    `answer_run` is the answer to the n-th part of a run, None for a good one.
    """

    def __init__(self, plan: Callable[[int, int], str] = lambda *_: "ok", token: str = "") -> None:
        super().__init__()
        self.plan = plan
        self.answer_run: Callable[[int], tuple[int, object] | None] = lambda _: None
        self.runs: dict[str, dict[str, Any]] = {}  # by id: what was stored of it
        self.parts = 0  # of runs, that came
        self.token = token
        self.attempts: dict[str, list[tuple[float, bytes]]] = defaultdict(list)  # by key: when, body
        self.stored: dict[str, tuple[int, str, bytes]] = {}  # by key: id, route, body
        self.acknowledged: Counter[str] = Counter()
        self.authorised = 0
        self.release = threading.Event()  # lets requests go whose plan is "hold"
        self.holding = 0
        self._ids = itertools.count(101, 3)
        self._ordinals: dict[str, int] = {}

    def post(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.path == "/api/runs":
            self.post_run(handler, body)
            return
        key = handler.headers.get("Idempotency-Key", "")
        with self.changed:
            ordinal = self._ordinals.setdefault(key, len(self._ordinals))
            self.attempts[key].append((time.monotonic(), body))
            number = len(self.attempts[key])
            self.authorised += handler.headers.get("Authorization") == f"Bearer {self.token}"
            self.changed.notify_all()
        if handler.path != "/api" or handler.headers["Content-Type"] != "application/json":
            answer(handler, 415, {"error": "tipo", "mensaje": "not application/json on /api"})
            return
        getattr(self, self.plan(ordinal, number))(handler, key, body)

    def post_run(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        """Store a part of a run, which has to be right in everything."""
        with self.changed:
            self.parts += 1
            special = self.answer_run(self.parts)
            self.changed.notify_all()
        if special:
            answer(handler, *special)
            return
        part = json.loads(body)
        allowed = handler.headers.get("Authorization") == (f"Bearer {self.token}" if self.token else None)
        if wrong := faults(part, part=True):
            answer(handler, 400, {"error": "corrida_invalida", "mensaje": "; ".join(wrong)})
        elif not allowed or handler.headers["Content-Type"] != "application/json" or len(body) >= 1 << 20:
            answer(handler, 401, {"error": "sin_permiso", "mensaje": "no token"})
        else:
            with self.changed:
                seconds = {second["second"]: second for second in self.runs.get(part["id"], part)["seconds"]}
                seconds |= {second["second"]: second for second in part["seconds"]}
                self.runs[part["id"]] = part | {"seconds": [seconds[number] for number in sorted(seconds)]}
                self.changed.notify_all()
            answer(handler, 201, {"api": "api1", "run": part["id"], "segundos": len(part["seconds"])})

    def _store(self, key: str, body: bytes) -> dict[str, object]:
        with self.changed:
            if key not in self.stored:
                number = next(self._ids)
                self.stored[key] = (number, f"api{1 + len(self.stored) % 2}", body)
            number, api, _ = self.stored[key]
        return {"api": api, "insertados": 1, "ids": [number]}

    def ok(self, handler: BaseHTTPRequestHandler, key: str, body: bytes) -> None:
        answer(handler, 201, self._store(key, body))
        handler.wfile.flush()
        self.note(lambda: self.acknowledged.update([key]))

    def hold(self, handler: BaseHTTPRequestHandler, key: str, body: bytes) -> None:
        self.note(lambda: setattr(self, "holding", self.holding + 1))
        self.release.wait(30)
        self.ok(handler, key, body)

    def away(self, handler: BaseHTTPRequestHandler, *_: object) -> None:
        answer(handler, 503, {"error": "no_disponible", "mensaje": "queue full"}, Retry_After="1")

    def unknown(self, handler: BaseHTTPRequestHandler, key: str, body: bytes) -> None:
        self._store(key, body)
        answer(handler, 500, {"error": "desconocido", "mensaje": "retry with the same key"})

    def refuse(self, handler: BaseHTTPRequestHandler, *_: object) -> None:
        fields = [{"muestra": 0, "campo": "hora", "motivo": "is wrong"}]
        answer(handler, 400, {"error": "muestra_invalida", "mensaje": "1 field is wrong", "campos": fields})

    def close(self, handler: BaseHTTPRequestHandler, *_: object) -> None:
        handler.close_connection = True

    def cut(self, handler: BaseHTTPRequestHandler, key: str, body: bytes) -> None:
        """Store, say 201, and close in the middle of the body."""
        data = json.dumps(self._store(key, body)).encode()
        handler.send_response(201)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[:-4])
        handler.close_connection = True

    def wrong(self, handler: BaseHTTPRequestHandler, *_: object) -> None:
        answer(handler, 201, {"api": "api1", "insertados": 0, "ids": []})

    def slow(self, handler: BaseHTTPRequestHandler, key: str, body: bytes) -> None:
        time.sleep(0.4)  # a slow answer is the fault that is played here
        self.ok(handler, key, body)
