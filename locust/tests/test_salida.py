"""Phase 2 as real Locust runs against a real server."""

import itertools
import json
import os
import signal
from pathlib import Path

import pytest
from conftest import Launch
from fake import Ingest, sample

SCRIPT = "trafico_salida.py"
TOKEN = "s3cret of the-test"  # noqa: S105


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Sixty records of fifty distinct samples."""
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([sample(number % 50, porcentaje_ram=24.98) for number in range(60)]))
    return path


def options(ingest: Ingest, path: Path, *more: str, users: int = 12) -> list[str]:
    summary = ["--summary", str(path.parent / "summary.json")]
    return ["--host", ingest.url, "--recording", str(path), *summary, "--headless", "-u", str(users), "-r", "50", *more]


def summary_of(path: Path) -> dict:
    return json.loads((path.parent / "summary.json").read_text())


def assert_all_delivered(ingest: Ingest, path: Path) -> None:
    """Every record of the file under one key of its own, the same bytes at every attempt, and acknowledged."""
    records = json.loads(path.read_text())
    bodies = [json.loads(body) for _, _, body in ingest.stored.values()]
    by_content = {"key": lambda record: json.dumps(record, sort_keys=True)}
    assert sorted(bodies, **by_content) == sorted(records, **by_content)
    for key, attempts in ingest.attempts.items():
        assert len({body for _, body in attempts}) == 1
        assert 1 <= len(key) <= 64
        assert all("!" <= character <= "~" for character in key)
        assert ingest.acknowledged[key] >= 1
    summary = summary_of(path)
    assert sorted(summary["acknowledged_ids"]) == sorted(number for number, _, _ in ingest.stored.values())
    assert summary["acknowledged"] == summary["records"] == len(records)
    assert summary["refused"] == summary["left"] == 0


def test_every_record_arrives_once_whatever_fails(launch: Launch, recording: Path) -> None:
    faults = ["ok", "away", "unknown", "close", "cut", "slow"]

    def plan(ordinal: int, attempt: int) -> str:
        return faults[ordinal % 6] if attempt == 1 or (attempt == 2 and ordinal < 6) else "ok"

    with Ingest(plan, TOKEN) as ingest:
        run = launch(
            SCRIPT,
            *options(ingest, recording, "--full-speed"),
            PULSO_INGEST_TOKEN=f"{TOKEN}\n",
            PULSO_PROGRESS="json",
        ).finish(0)
        assert_all_delivered(ingest, recording)
    # ordinals 1 to 4 of each six fail once, and of the first six twice
    summary, retries = summary_of(recording), 40 + 4
    posts = sum(map(len, ingest.attempts.values()))
    assert summary["retried"] == retries == posts - 60
    assert summary["sent"] == posts == ingest.authorised
    assert summary["distinct_samples"] == 50
    assert {api: route["count"] for api, route in summary["routes"].items()} == {"api1": 30, "api2": 30}
    assert summary["routes"]["api1"]["share"] == 50
    assert all(0 < route["p50_ms"] <= route["p95_ms"] <= route["p99_ms"] for route in summary["routes"].values())
    assert f"sent {posts}, acknowledged 60, retried {retries}, refused 0, left 0" in run.out
    # Retry-After of one second is honoured.
    waited = [b[0] - a[0] for a, b in retried_after_503(ingest, plan)]
    assert waited
    assert min(waited) >= 1
    last = run.progress[-1]
    assert last == {
        "phase": 2,
        "users": 0,
        "acknowledged": 60,
        "total": 60,
        "retried": retries,
        "routes": {"api1": 30, "api2": 30},
        "elapsed": last["elapsed"],
    }
    assert TOKEN not in run.out + run.err


def retried_after_503(ingest: Ingest, plan: object) -> list:
    pairs = []
    for ordinal, attempts in enumerate(ingest.attempts.values()):
        for number, pair in enumerate(itertools.pairwise(attempts), 1):
            if plan(ordinal, number) == "away":
                pairs.append(pair)
    return pairs


def test_waits_between_records_unless_at_full_speed(launch: Launch, recording: Path) -> None:
    with Ingest() as ingest:
        launch(SCRIPT, *options(ingest, recording, users=40)).finish(0)
        assert_all_delivered(ingest, recording)
    # Forty users send one each at once, and the other twenty records wait for a user for at least a second.
    times = sorted(when for attempts in ingest.attempts.values() for when, _ in attempts)
    assert times[-1] - times[0] > 1


def test_a_refusal_is_final_and_shown(launch: Launch, recording: Path) -> None:
    with Ingest(lambda ordinal, _: {7: "refuse", 8: "wrong"}.get(ordinal, "ok")) as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed")).finish(1)
    summary = summary_of(recording)
    assert (summary["acknowledged"], summary["refused"], summary["left"]) == (58, 2, 0)
    assert all(len(attempts) == 1 for attempts in ingest.attempts.values())
    assert "refused: record" in run.out
    assert "HTTP 400 muestra_invalida: 1 field is wrong: hora is wrong" in run.out
    assert "HTTP 201 that breaks the contract" in run.out


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_stopped_early_it_says_what_is_left_and_loses_nothing_in_flight(
    launch: Launch, recording: Path, how: str
) -> None:
    with Ingest(lambda ordinal, _: "hold" if ordinal < 12 else "away") as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed"))
        ingest.wait_until(lambda: ingest.holding == 12)
        getattr(run, how)()
        ingest.release.set()
        run.finish(1)
    summary = summary_of(recording)
    assert (summary["acknowledged"], summary["left"]) == (12, 48)
    assert len(summary["acknowledged_ids"]) == 12
    assert "48 records are left" in run.out
    assert run.out.count("records acknowledged in") == 1


def test_time_that_runs_out_is_a_failure(launch: Launch, recording: Path) -> None:
    with Ingest(lambda ordinal, _: "ok" if ordinal < 5 else "away") as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed", "-t", "2s")).finish(1)
        # Each record that waits is tried about once a second, as Retry-After says: no busy loop.
        assert max(map(len, ingest.attempts.values())) <= 4
    assert "55 records are left" in run.out


def test_two_workers_send_every_record_once(launch: Launch, recording: Path, two_processes: list[str]) -> None:
    with Ingest(lambda ordinal, n: "cut" if ordinal % 10 == 0 and n == 1 else "ok") as ingest:
        launch(SCRIPT, *options(ingest, recording, "--full-speed", *two_processes)).finish(0)
        assert_all_delivered(ingest, recording)
    assert sum(map(len, ingest.attempts.values())) == 60 + 6
    assert summary_of(recording)["retried"] == 6


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_two_workers_stopped_early_lose_nothing_in_flight(
    launch: Launch, recording: Path, two_processes: list[str], how: str
) -> None:
    with Ingest(lambda ordinal, _: "hold" if ordinal < 12 else "away") as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed", *two_processes))
        ingest.wait_until(lambda: ingest.holding == 12)
        getattr(run, how)()
        ingest.release.set()
        run.finish(1)
    summary = summary_of(recording)
    assert (summary["acknowledged"], summary["left"]) == (12, 48)


def test_records_of_a_lost_worker_are_sent_by_another(
    launch: Launch, recording: Path, two_processes: list[str]
) -> None:
    with Ingest(lambda _, n: "hold" if n == 1 else "ok") as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed", *two_processes))
        ingest.wait_until(lambda: ingest.holding == 12)
        os.kill(run.children()[0], signal.SIGKILL)
        ingest.release.set()
        run.finish(0)
        assert len(ingest.stored) == 60
    summary = summary_of(recording)
    assert summary["acknowledged"] == len(set(summary["acknowledged_ids"])) == 60


BAD = [
    (None, "there is no such file"),
    (b"", "not JSON"),
    (b"[{", "not JSON"),
    (b"\xff\xfe[]", "not UTF-8"),
    (b'[{"total_ram": NaN}]', "NaN is not a JSON number"),
    (b'{"a": 1}', "not a JSON array of samples but an object"),
    (b"[]", "the array is empty"),
]


@pytest.mark.parametrize(("content", "said"), BAD)
def test_a_bad_recording_ends_before_any_traffic(
    launch: Launch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    with Ingest() as ingest:
        run = launch(SCRIPT, *options(ingest, path)).finish(2)
    [line] = [line for line in run.err.splitlines() if line.startswith("error:")]
    assert said in line
    assert str(path) in line
    assert not ingest.attempts
    assert not (tmp_path / "summary.json").exists()


def test_a_bad_recording_ends_the_workers_too(launch: Launch, tmp_path: Path, two_processes: list[str]) -> None:
    bad = sample(3, uso_ram=None)
    del bad["hora"]
    (tmp_path / "bad.json").write_text(json.dumps([sample(1), 17, bad]))
    with Ingest() as ingest:
        run = launch(SCRIPT, *options(ingest, tmp_path / "bad.json", *two_processes)).finish(2)
    assert "element 1 is not a JSON object but a number" in run.err
    assert "element 2 lacks hora; has the wrong type: uso_ram is null" in run.err
    assert not ingest.attempts


def test_a_token_that_no_header_can_carry_is_not_printed(launch: Launch, recording: Path) -> None:
    with Ingest() as ingest:
        environment = {"PULSO_INGEST_TOKEN": "top\tsecret"}
        run = launch(SCRIPT, *options(ingest, recording), **environment).finish(2)
    assert "PULSO_INGEST_TOKEN has characters" in run.err
    assert "secret" not in run.out + run.err.replace("PULSO_INGEST_TOKEN", "")
