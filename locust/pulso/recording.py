"""The recording: a plain JSON array of samples, which phase 1 writes and phase 2 reads."""

import os
from collections.abc import Iterable
from pathlib import Path

from pulso.samples import Sample, SampleError, check, encode, kind, loads

# How many bad elements an error names; a file of the wrong sort has thousands.
_FAULTS_SHOWN = 5


class RecordingError(Exception):
    """The recording cannot be used or written; the message is one line for a person."""


def read(path: Path) -> list[Sample]:
    """Read a whole recording, checked, or raise RecordingError."""
    try:
        values = loads(path.read_bytes())
    except FileNotFoundError:
        raise RecordingError(f"{path}: there is no such file; phase 1 (trafico_entrada.py) writes it") from None
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from None
    except SampleError as error:
        raise RecordingError(f"{path}: {error}") from None
    if not isinstance(values, list):
        raise RecordingError(f"{path}: not a JSON array of samples but {kind(values)}")
    if not values:
        raise RecordingError(f"{path}: the array is empty, there is nothing to send")
    faults = []
    for index, value in enumerate(values):
        try:
            check(value)
        except SampleError as error:
            faults.append(f"element {index} {'is ' if str(error).startswith('not') else ''}{error}")
    if faults:
        more = f" | and {len(faults) - _FAULTS_SHOWN} more elements" if len(faults) > _FAULTS_SHOWN else ""
        raise RecordingError(f"{path}: " + " | ".join(faults[:_FAULTS_SHOWN]) + more)
    return values


def write(path: Path, samples: Iterable[Sample]) -> None:
    """Write a recording, one sample per line, atomically."""
    write_atomically(path, "[\n" + ",\n".join(map(encode, samples)) + "\n]\n")


def write_atomically(path: Path, text: str) -> None:
    """Replace the file by the text, or leave it untouched: a reader sees the old content or all of the new.

    The temporary file is in the same folder, since a rename is atomic only within one file system.
    """
    # A link keeps pointing where it did: the file behind it is what is replaced.
    path = path.resolve()
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RecordingError(f"{path}: cannot be written: {error.strerror}") from None


def check_writable(path: Path) -> None:
    """Raise RecordingError when a file could not be written there, before minutes of traffic are spent on it."""
    if path.is_dir():
        raise RecordingError(f"{path}: is a folder, not a file")
    if not path.parent.is_dir():
        raise RecordingError(f"{path}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise RecordingError(f"{path}: the folder {path.parent} cannot be written to")
