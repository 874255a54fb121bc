"""The document of a run as a file, and in parts."""

import json
from pathlib import Path

import pytest
from contract import faults
from documents import document as run
from documents import second

from pulso import document
from pulso.recording import RecordingError


@pytest.mark.parametrize(
    ("recording", "companion", "replay"),
    [
        ("recording.json", "run.json", "replay.json"),
        ("a.json", "a.run.json", "a.replay.json"),
        ("a.b.json", "a.b.run.json", "a.b.replay.json"),
        ("a", "a.run.json", "a.replay.json"),
    ],
)
def test_where_the_companions_stand(tmp_path: Path, recording: str, companion: str, replay: str) -> None:
    assert document.companion(tmp_path / recording, "run") == tmp_path / companion
    assert document.companion(tmp_path / recording, "replay") == tmp_path / replay


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    assert document.read(tmp_path / "run.json", 7) is None
    for seconds in (0, 2):
        document.write(tmp_path / "run.json", run(seconds))
        assert document.read(tmp_path / "run.json", 7) == run(seconds)
    assert not faults(run())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "not the document of a run but an array"),
        (json.dumps(run(version=2)).encode(), "version is 2: this program knows 1"),
        (json.dumps(run(phase=2)).encode(), "phase is 2: the run of a recording is of phase 1"),
        (json.dumps(run(id=7)).encode(), "id is a number"),
        (json.dumps({"version": 1}).encode(), "id is missing"),
        (json.dumps(run(seconds=[second(0), 7])).encode(), "seconds[1] is a number"),
        (json.dumps(run(protocol={"records": 8})).encode(), "belongs to another recording, of 8 records and not 7"),
    ],
)
def test_a_broken_document_is_explained(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "run.json"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as error:
        document.read(path, 7)
    assert str(error.value).startswith(f"{path}: ")
    assert said in str(error.value)
    assert "without this file the recording is replayed all the same" in str(error.value)


@pytest.mark.parametrize("seconds", [0, 1, 300, 301, 14_400])
def test_parts_are_whole_and_small(seconds: int) -> None:
    whole = run(seconds)
    parts = [json.loads(part) for part in document.parts(whole)]
    assert [each for part in parts for each in part["seconds"]] == whole["seconds"]
    assert len(parts) == max(1, -(-seconds // 300))
    for part in parts:
        assert part | {"seconds": []} == whole | {"seconds": []}
        assert len(part["seconds"]) <= 300


def test_half_a_character_stays_one() -> None:
    """A file can hold it as an escape; the service refuses it, and nothing breaks before."""
    whole = run(1) | {"name": "\ud800"}
    (part,) = document.parts(whole)
    assert rb'"name": "\ud800"' in part
    assert json.loads(part) == whole


def test_a_part_is_never_too_large() -> None:
    latency = [(bucket, 1_000_000) for bucket in range(155)]
    targets = [{"name": f"api{n}", "requests": 155_000_000, "failures": 0, "latency": latency} for n in range(8)]
    whole = run(seconds=[second(number, targets=targets) for number in range(300)])
    parts = list(document.parts(whole))
    assert max(map(len, parts)) < 1 << 20
    assert [n for part in parts for n in (each["second"] for each in json.loads(part)["seconds"])] == list(range(300))
