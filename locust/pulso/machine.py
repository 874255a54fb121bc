"""The VM that is loaded, as its agent describes it, or as far as a sample does."""

from typing import Any

from pulso.exchange import ExchangeError, exchange
from pulso.samples import Sample, SampleError, loads

# Seconds for the agent's answer: it answers from memory.
PATIENCE = 2.0
# Bytes of a text, and the largest number, that a run's document takes.
_LONGEST, _MOST = 253, 1_000_000_000

UNKNOWN: dict[str, Any] = {"host": "", "cpus": 0, "ram_mib": 0, "machine": "", "kernel": "", "processes": 0}


def ask(host: str) -> dict[str, Any] | None:
    """Ask an agent about its VM; None where it does not know that question, or gives no answer in time."""
    try:
        answer = exchange("GET", host.rstrip("/") + "/vm", {"Accept": "application/json"}, seconds=PATIENCE)
        body = loads(answer.content)
    except (ExchangeError, SampleError):
        return None
    if answer.status_code != 200 or not isinstance(body, dict):
        return None
    return {name: _known(body.get(name), unknown) for name, unknown in UNKNOWN.items()}


def of_sample(sample: Sample) -> dict[str, Any]:
    """Describe the VM by one of its samples."""
    return UNKNOWN | {"host": _known(sample.get("host"), ""), "ram_mib": _known(round(sample["total_ram"]), 0)}


def _known(value: object, unknown: str | int) -> str | int:
    """Return the value if a document can carry it."""
    if isinstance(unknown, str):
        good = isinstance(value, str) and value.isprintable() and len(value.encode()) <= _LONGEST
        return value.strip() if good else unknown
    good = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST
    return value if good else unknown
