"""What it means to carry a load: `--slo p95=250ms,errors=1%`."""

import re
from typing import NamedTuple

_UNITS = {"ms": 1.0, "s": 1000.0}
_NUMBER = "([0-9]{1,9}(?:[.][0-9]{1,9})?)"
EXAMPLE = "p95=250ms,errors=1%"


class ObjectiveError(ValueError):
    """The text is not an objective; the message says why, for a person."""


class Objective(NamedTuple):
    """This share of the good answers came within this time, and at most this share of all requests failed."""

    percentile: float = 95.0
    latency: float = 250.0  # ms
    errors: float = 1.0  # percent


def parse(text: str) -> Objective:
    """Read an objective; the part that is not in it is that of the default."""
    given: dict[str, float] = {}
    for part in text.split(","):
        found = _latency(part.strip()) or _errors(part.strip())
        if found is None:
            raise ObjectiveError(f"{part.strip()!r} is neither like p95=250ms nor like errors=1%, as in {EXAMPLE}")
        if given.keys() & found.keys():
            raise ObjectiveError(f"{part.strip()!r} says again what was said before it")
        given |= found
    return Objective(**given)


def _latency(part: str) -> dict[str, float] | None:
    match = re.fullmatch(f"p{_NUMBER}={_NUMBER}(ms|s|)", part)
    if not match:
        return None
    percentile, latency = float(match[1]), float(match[2])
    if not match[3]:
        raise ObjectiveError(f"{part!r} lacks a unit, ms or s")
    if not 0 < percentile < 100:
        raise ObjectiveError(f"{part!r}: the percentile must be over 0 and under 100")
    if not 0 < latency * _UNITS[match[3]] <= 1e9:
        raise ObjectiveError(f"{part!r}: the time must be over 0, and at most 1000000 s")
    return {"percentile": percentile, "latency": latency * _UNITS[match[3]]}


def _errors(part: str) -> dict[str, float] | None:
    match = re.fullmatch(f"errors={_NUMBER}%", part)
    if not match:
        return None
    if not float(match[1]) <= 100:
        raise ObjectiveError(f"{part!r}: the share must be 0 to 100 %")
    return {"errors": float(match[1])}
