"""The document of a run, `run.json`: `internal/run` has its form, docs/contract.md describes it.

As with samples, only what is needed to hand a document on is checked on reading; ranges are the service's to judge.
"""

import json
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from pulso.chronicle import Chronicle, Second, mean
from pulso.objective import Objective
from pulso.recording import RecordingError, write_atomically
from pulso.samples import SampleError, kind, loads

VERSION = 1
ENTER, LEAVE = 1, 2  # the phases
MOST_NAME = 120  # characters
# Seconds that are handed in at once, and characters of their JSON: the entry point takes 1 MiB.
PART, PART_SIZE = 300, 900_000

Document = dict[str, Any]

_TYPES = {"version": int, "id": str, "name": str, "phase": int, "vm": dict, "protocol": dict, "seconds": list}


def new_id(start: float) -> str:
    """Return an id for a run that starts now (Unix time)."""
    return f"{datetime.fromtimestamp(start, UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"


def moment(time: float) -> str:
    """Write Unix time as RFC 3339."""
    return datetime.fromtimestamp(time, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def address(url: str) -> str:
    """Return a URL as a document may show it: without what is before the @ and behind the ?."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def objective(value: Objective) -> dict[str, float]:
    """Write an objective."""
    return {"percentile": value.percentile, "latency_ms": value.latency, "errors_percent": value.errors}


def seconds(chronicle: Chronicle) -> list[dict[str, Any]]:
    """Write the seconds of a run."""
    return [_second(number, second) for number, second in chronicle]


def _second(number: int, second: Second) -> dict[str, Any]:
    written: dict[str, Any] = {
        "second": number,
        "users": second.users,
        "generator_percent": round(second.generator, 1),
        "targets": [
            {
                "name": name,
                "requests": tally.requests,
                "failures": tally.failures,
                "latency": tally.latency.pairs(),
            }
            for name, tally in sorted(second.targets.items())
        ],
    }
    if second.samples:
        vitals = mean(list(second.samples.values()))
        written["vitals"] = {
            "hora": vitals.hora,
            "porcentaje_cpu_uso": vitals.cpu,
            "porcentaje_ram": vitals.ram,
            "procesos_corriendo": vitals.running,
            "total_procesos": vitals.processes,
        }
    return written


def companion(recording: Path, word: str) -> Path:
    """Return where a recording's `run` or `replay` stands: run.json beside recording.json, A.run.json beside A.json."""
    stem = "" if recording.name == "recording.json" else f"{recording.stem}."
    return recording.with_name(f"{stem}{word}.json")


def write(path: Path, document: Document) -> None:
    """Write a document atomically; raises RecordingError."""
    write_atomically(path, _text(document, _lines(document)))


def read(path: Path, records: int) -> Document | None:
    """Read what stands beside a recording of so many records; None where nothing does. Raises RecordingError."""
    try:
        value = loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None
    except SampleError as error:
        raise RecordingError(f"{path}: {error}{_CURE}") from None
    if fault := _fault(value):
        raise RecordingError(f"{path}: {fault}{_CURE}")
    if value["protocol"].get("records") != records:
        said = value["protocol"].get("records")
        raise RecordingError(f"{path}: belongs to another recording, of {said} records and not {records}{_CURE}")
    return value


_CURE = "; without this file the recording is replayed all the same"


def _fault(value: object) -> str | None:
    if not isinstance(value, dict):
        return f"not the document of a run but {kind(value)}"
    for name, wanted in _TYPES.items():
        if not isinstance(value.get(name), wanted):
            return f"{name} is {kind(value[name]) if name in value else 'missing'}"
    if not re.fullmatch("[a-z0-9][a-z0-9-]{0,63}", value["id"]):
        return f"id is {value['id'][:80]!r}: it is 1 to 64 of a-z, 0-9 and -"
    host = value["vm"].get("host")
    if not isinstance(host, str) or not host.isprintable():
        return "vm.host is not a name"
    if value["version"] != VERSION:
        return f"version is {value['version']}: this program knows {VERSION}"
    if value["phase"] != ENTER:
        return f"phase is {value['phase']}: the run of a recording is of phase {ENTER}"
    for index, second in enumerate(value["seconds"]):
        if not isinstance(second, dict):
            return f"seconds[{index}] is {kind(second)}"
    return None


def parts(document: Document) -> Iterator[bytes]:
    """Cut a document into parts that can be handed in, at least one: each has the whole header and some seconds.

    A file may hold half a character, as an escape; it stays one, for the service to refuse.
    """
    lines: list[str] = []
    for line in _lines(document):
        if len(lines) == PART or sum(map(len, lines)) + len(line) > PART_SIZE:
            yield _text(document, lines).encode(errors="backslashreplace")
            lines = []
        lines.append(line)
    yield _text(document, lines).encode(errors="backslashreplace")


def _lines(document: Document) -> list[str]:
    return [json.dumps(second, separators=(",", ":")) for second in document["seconds"]]


def _text(document: Document, lines: list[str]) -> str:
    """Write a document with these seconds, one a line."""
    header = {name: value for name, value in document.items() if name != "seconds"}
    opened = json.dumps(header, ensure_ascii=False, indent=1).removesuffix("\n}")
    return opened + ',\n "seconds": [\n' + ",\n".join(lines) + "\n]}\n"
