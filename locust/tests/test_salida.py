"""Phase 2 as real Locust runs against a real server."""

import itertools
import json
import os
import signal
import time
from pathlib import Path

import pytest
from conftest import Launch, Process
from contract import totals
from documents import document
from fake import MACHINE, Ingest, sample

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
    replay = replay_of(ingest, recording, run)
    assert totals(replay) == {"api1": (30, 0), "api2": (30, 0), "entry": (retries, retries)}


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


def test_waits_are_divided_by_the_speed(launch: Launch, recording: Path) -> None:
    with Ingest() as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--speed", "20", users=10)).finish(0)
    # Six records of each user, between which it waits 50 to 200 ms.
    assert 0.25 < summary_of(recording)["seconds"] < 5
    times = sorted(when for attempts in ingest.attempts.values() for when, _ in attempts)
    assert times[-1] - times[0] > 0.25
    assert replay_of(ingest, recording, run)["protocol"]["speed"] == 20


def replay_of(ingest: Ingest, recording: Path, process: Process) -> dict:
    """Return the replay that stands beside a recording, was handed in, and says what Locust counted."""
    replay = json.loads(recording.with_name("replay.json").read_text())
    assert ingest.runs[replay["id"]] == replay
    summary = summary_of(recording)
    assert summary["run"] == replay["id"]
    assert summary["runs_handed_in"][-1] == replay["id"]
    counts = totals(replay).values()
    assert tuple(map(sum, zip(*counts, strict=True))) == process.counted("/api")
    return replay


@pytest.fixture
def recorded(recording: Path) -> dict:
    """The run that made the recording: its document, and the file."""
    run = document(400, protocol=document()["protocol"] | {"records": 60}, vm=MACHINE)
    recording.with_name("run.json").write_text(json.dumps(run))
    return run


@pytest.mark.parametrize("distributed", [False, True])
def test_the_run_of_the_recording_and_the_replay_are_handed_in(
    launch: Launch, recording: Path, recorded: dict, two_processes: list[str], distributed: bool
) -> None:
    more = ["--full-speed", "--name", "again", "--slo", "p50=1s", *(two_processes if distributed else [])]
    with Ingest(token=TOKEN) as ingest:
        # The first part, of 300 seconds, needs three attempts.
        ingest.answer_run = {1: (503, {"error": "no_disponible"}), 2: (500, {"error": "desconocido"})}.get
        run = launch(SCRIPT, *options(ingest, recording, *more), PULSO_INGEST_TOKEN=TOKEN).finish(0)
        assert_all_delivered(ingest, recording)
    assert ingest.runs[recorded["id"]] == recorded
    assert ingest.parts == 2 + 2 + 1
    replay = replay_of(ingest, recording, run)
    assert totals(replay) == {"api1": (30, 0), "api2": (30, 0)}
    assert {name: replay[name] for name in ("name", "phase", "recording", "vm")} == {
        "name": "again",
        "phase": 2,
        "recording": recorded["id"],
        "vm": MACHINE,
    }
    assert replay["protocol"] == {
        "users": 12,
        "spawn_rate": 50,
        "wait_min": 1,
        "wait_max": 4,
        "duration": 0,
        "ramp": False,
        "speed": 0,
        "target": ingest.url,
        "records": 60,
        "objective": {"percentile": 50, "latency_ms": 1000, "errors_percent": 1},
    }
    assert summary_of(recording)["runs_handed_in"] == [recorded["id"], replay["id"]]
    assert f"run {recorded['id']} handed in" in run.out


def test_a_recording_without_its_run_is_replayed_all_the_same(launch: Launch, recording: Path) -> None:
    with Ingest() as ingest:
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed")).finish(0)
    replay = replay_of(ingest, recording, run)
    assert replay["recording"] == ""
    assert (replay["vm"]["host"], replay["vm"]["ram_mib"]) == ("vm-ñ", 3934)
    assert list(ingest.runs) == [replay["id"]]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((400, {"error": "corrida_invalida", "mensaje": "1 field"}), "HTTP 400 corrida_invalida: 1 field"),
        ((401, {"error": "sin_permiso", "mensaje": "no token"}), "HTTP 401 sin_permiso: no token"),
        ((413, {}), "HTTP 413"),
        ((400, {"error": "json_invalido"}), "HTTP 400 json_invalido"),
        ((307, {}), "HTTP 307"),
        ((201, {"api": "api1", "run": "another", "segundos": 1}), "HTTP 201 that breaks the contract"),
    ],
)
def test_a_run_that_is_refused_is_said_and_costs_no_sample(
    launch: Launch, recording: Path, recorded: dict, answer: tuple[int, object], said: str
) -> None:
    with Ingest() as ingest:
        ingest.answer_run = {1: answer}.get
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed")).finish(1)
        assert_all_delivered(ingest, recording)
    replay = replay_of(ingest, recording, run)
    assert summary_of(recording)["runs_handed_in"] == [replay["id"]]
    assert f"error: run {recorded['id']} was not handed in: {said}" in run.out
    assert f"it is whole in {recording.with_name('run.json')}" in run.out


@pytest.mark.parametrize(
    "answer", [(404, {"error": "no_encontrado"}), (405, {"error": "metodo"}), (400, {"error": "muestra_invalida"})]
)
@pytest.mark.usefixtures("recorded")
def test_a_service_without_runs_gets_the_samples(launch: Launch, recording: Path, answer: tuple[int, object]) -> None:
    with Ingest() as ingest:
        ingest.answer_run = lambda _: answer
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed")).finish(0)
        assert_all_delivered(ingest, recording)
    assert ingest.parts == 1, "it was asked again"
    assert summary_of(recording)["runs_handed_in"] == []
    assert run.out.count("the service does not know of runs") == 1
    assert recording.with_name("replay.json").exists()


@pytest.mark.usefixtures("recorded")
def test_a_service_that_takes_no_run_holds_no_sample_back(launch: Launch, recording: Path) -> None:
    with Ingest() as ingest:
        ingest.answer_run = lambda _: (503, {"error": "no_disponible"})
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed"))
        ingest.wait_until(lambda: len(ingest.acknowledged) == 60, 10)
        run.finish(1)
        assert_all_delivered(ingest, recording)
    assert ingest.parts > 3, "it was not tried again"
    assert summary_of(recording)["runs_handed_in"] == []
    assert run.out.count("was not handed in: HTTP 503 no_disponible") == 2
    assert summary_of(recording)["seconds"] < 15, "the time of the samples has that of the runs in it"


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_interrupted_while_it_hands_in_it_says_what_became_of_everything(
    launch: Launch, recording: Path, how: str
) -> None:
    with Ingest() as ingest:
        ingest.answer_run = lambda _: (503, {"error": "no_disponible"})
        run = launch(SCRIPT, *options(ingest, recording, "--full-speed"))
        ingest.wait_until(lambda: ingest.parts == 2)
        getattr(run, how)()
        began = time.monotonic()
        run.finish(1)
        assert time.monotonic() - began < 15, "it did not hurry"
        assert_all_delivered(ingest, recording)
    assert "60 of 60 records acknowledged" in run.out
    assert "was not handed in: HTTP 503 no_disponible" in run.out


def test_a_broken_run_beside_the_recording_ends_before_any_traffic(launch: Launch, recording: Path) -> None:
    recording.with_name("run.json").write_text("{")
    with Ingest() as ingest:
        run = launch(SCRIPT, *options(ingest, recording)).finish(2)
    assert f"error: {recording.with_name('run.json')}: not JSON" in run.err
    assert not ingest.attempts
    assert not ingest.parts


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--speed", "0"], "--speed is 0.0, not a number over 0"),
        (["--speed", "nan"], "--speed is nan, not a number over 0"),
        (["--speed", "2", "--full-speed"], "--speed and --full-speed exclude each other"),
        (["--slo", "p95"], "--slo: 'p95' is neither"),
    ],
)
def test_wrong_options_end_before_any_traffic(launch: Launch, recording: Path, wrong: list[str], said: str) -> None:
    with Ingest() as ingest:
        run = launch(SCRIPT, *options(ingest, recording, *wrong)).finish(2)
    assert f"error: {said}" in run.err
    assert not ingest.attempts


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
