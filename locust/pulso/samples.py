"""A sample as it travels: which fields it must have, and when two answers are the same sample.

Only presence and JSON type are checked here. Ranges and dates are the ingest service's to judge: it names every bad
field, and a second copy of its rules would drift.
"""

import json
from typing import Any, NoReturn

_INTEGERS = (
    "total_ram",
    "ram_libre",
    "uso_ram",
    "procesos_corriendo",
    "total_procesos",
    "procesos_durmiendo",
    "procesos_zombie",
    "procesos_parados",
)
_PERCENTAGES = ("porcentaje_ram", "porcentaje_cpu_uso", "porcentaje_cpu_libre")
NUMBERS = _INTEGERS + _PERCENTAGES
REQUIRED = (*NUMBERS, "hora")

Sample = dict[str, Any]
Identity = tuple[str, int | float] | str


class SampleError(ValueError):
    """The text or value is not a sample; the message says why, for a person."""


def loads(text: str | bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse JSON as the contract has it: UTF-8 only, and without Python's NaN and Infinity."""
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        return json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        raise SampleError("not JSON: not UTF-8 text") from None
    except RecursionError:
        raise SampleError("not JSON: nested too deeply") from None
    except ValueError as error:
        raise SampleError(f"not JSON: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def check(value: object) -> Sample:
    """Return the value as a sample, or raise SampleError that names every missing or mistyped field."""
    if not isinstance(value, dict):
        raise SampleError(f"not a JSON object but {kind(value)}")
    missing = [name for name in REQUIRED if name not in value]
    mistyped = [
        f"{name} is {kind(value[name])}"
        for name in REQUIRED
        if name in value and not _has_type(value[name], str if name == "hora" else float)
    ]
    faults = []
    if missing:
        faults.append("lacks " + ", ".join(missing))
    if mistyped:
        faults.append("has the wrong type: " + ", ".join(mistyped))
    if faults:
        raise SampleError("; ".join(faults))
    return value


def _has_type(value: object, wanted: type) -> bool:
    if wanted is str:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)


def kind(value: object) -> str:
    """Name a JSON value's type for a person."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def identity(sample: Sample) -> Identity:
    """Tell samples apart: by `host` and `secuencia`, without them by the whole content."""
    host, sequence = sample.get("host"), sample.get("secuencia")
    if isinstance(host, str) and _has_type(sequence, float):
        return host, sequence
    return json.dumps(sample, sort_keys=True, separators=(",", ":"))


def encode(sample: Sample) -> str:
    """Write a sample as compact JSON; numbers keep the value that was read."""
    return json.dumps(sample, ensure_ascii=False, separators=(",", ":"))
