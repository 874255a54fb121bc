"""Reading and writing recordings."""

import json
import os
from pathlib import Path

import pytest
from fake import sample

from pulso import recording
from pulso.recording import RecordingError
from pulso.samples import identity

GOLDEN = Path(__file__).parents[2] / "internal" / "golden"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    samples = [sample(1), sample(2, porcentaje_ram=100.0, host="vm-ñ", extra={"a": [1]})]
    recording.write(path, samples)
    assert json.loads(path.read_text(encoding="utf-8")) == samples
    assert recording.read(path) == samples


def test_the_golden_recording_is_read_and_its_repetitions_are_known() -> None:
    samples = recording.read(GOLDEN / "recording.json")
    expected = json.loads((GOLDEN / "points.json").read_text(encoding="utf-8"))
    assert len(samples) == expected["rows"]
    named = [sample for sample in samples if "host" in sample]
    anonymous = expected["hosts"][""]["points"]  # each row without a host is a point of its own
    assert len({identity(sample) for sample in named}) == expected["distinct"] - len(anonymous)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps([sample(1)]), encoding="utf-8-sig")
    assert recording.read(path) == [sample(1)]


def test_only_the_first_faults_are_named(tmp_path: Path) -> None:
    path = tmp_path / "r.json"
    path.write_text(json.dumps([sample(1)] + [{}] * 20))
    with pytest.raises(RecordingError, match=r"element 1 lacks total_ram.*element 5 .* and 15 more elements") as caught:
        recording.read(path)
    assert "\n" not in str(caught.value)


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "r.json"
    path.write_text("old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(RecordingError, match="No space left on device"):
        recording.write(path, [sample(1)])
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "link.json").symlink_to("real.json")
    recording.write(tmp_path / "link.json", [sample(1)])
    assert (tmp_path / "link.json").is_symlink()
    assert recording.read(tmp_path / "real.json") == [sample(1)]


def test_a_place_that_cannot_be_written_is_found_beforehand(tmp_path: Path) -> None:
    recording.check_writable(tmp_path / "new.json")
    with pytest.raises(RecordingError, match="is a folder"):
        recording.check_writable(tmp_path)
    with pytest.raises(RecordingError, match="no folder"):
        recording.check_writable(tmp_path / "no" / "r.json")
