"""How a run was made: the options that both phases have, and the header of its document."""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from typing import Any

from pulso import document, objective
from pulso.document import Document
from pulso.objective import Objective, ObjectiveError
from pulso.run import CannotBeginError
from pulso.scribe import Scribe


def add_arguments(parser: ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument("--name", default="", metavar="<text>", help="What to call the run.")
    parser.add_argument(
        "--slo",
        default=objective.EXAMPLE,
        metavar="<objective>",
        help="What it means to carry the load: this share of the good answers within this time (ms or s), and at most "
        "this share of failures. What is left out is as in the default.",
    )


def check(options: Mapping[str, Any]) -> None:
    """Check the options; raises CannotBeginError."""
    name = options["name"]
    if len(name) > document.MOST_NAME:
        raise CannotBeginError(f"--name has {len(name)} characters, over {document.MOST_NAME}")
    if not name.isprintable():
        raise CannotBeginError("--name has characters that cannot be printed")
    try:
        objective.parse(options["slo"])
    except ObjectiveError as error:
        raise CannotBeginError(f"--slo: {error}") from None


def slo(options: Namespace) -> Objective:
    """Return the objective of a run whose options were checked."""
    return objective.parse(options.slo)


def describe(scribe: Scribe, options: Namespace, phase: int, vm: Mapping[str, Any], **protocol: object) -> Document:
    """Return the document of the run that has just ended; `protocol` has what only the phase knows."""
    return {
        "version": document.VERSION,
        "id": scribe.chronicle.run,
        "name": options.name,
        "phase": phase,
        "recording": "",
        "vm": vm,
        "protocol": {
            "users": options.num_users or 1,
            "spawn_rate": options.spawn_rate or 1,
            "objective": document.objective(slo(options)),
            **protocol,
        },
        "start": document.moment(scribe.started),
        "end": document.moment(scribe.ended),
        "seconds": document.seconds(scribe.chronicle),
    }
