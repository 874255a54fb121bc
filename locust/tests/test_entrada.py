"""Phase 1 as real Locust runs against a real server."""

import itertools
import json
import math
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
from conftest import FOLDER, Launch, Process, ask_until_up, free_ports
from contract import faults, totals
from fake import MACHINE, Vm, sample

SCRIPT = "trafico_entrada.py"
SLO = "--slo: 'errors=2' is neither like p95=250ms nor like errors=1%, as in p95=250ms,errors=1%"


def options(vm: Vm, path: Path, *more: str, users: int = 10) -> list[str]:
    target = ["--target-url", f"{vm.url}/trabajo", "--recording", str(path)]
    return ["--host", vm.url, *target, "-u", str(users), "-r", "10", *more]


def answers_said(out: str) -> tuple[int, int]:
    """Return the counts of "recorded 20 of 45 answers"."""
    words = next(line for line in out.splitlines() if line.startswith("recorded")).split()
    return int(words[1]), int(words[3])


def run_of(path: Path, process: Process) -> dict:
    """Return the run that stands beside a recording: one that the service takes, and that says what Locust counted."""
    run = json.loads(path.with_name("run.json").read_text())
    assert not faults(run)
    for target, name in (("workload", "workload /trabajo"), ("agent", "agent /metrics")):
        assert totals(run)[target] == process.counted(name)
    assert run["protocol"]["records"] == len(json.loads(path.read_text()))
    return run


def test_records_the_wanted_answers_evenly_and_distinct_first(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        vm.workload = lambda n: (503, {"error": "saturado", "mensaje": "full"}) if n % 2 else (200, {})
        vm.metrics = lambda n: (200, {"hora": "2026-03-01 12:00:00"}) if n == 2 else None
        vm.sequence = lambda n: n // 3
        short = ["--headless", "-t", "5s", "--records", "12"]
        run = launch(SCRIPT, *options(vm, path, *short, users=20), PULSO_PROGRESS="json")
        run.finish(0)
    recorded = json.loads(path.read_text())
    # Answers that were on their way at the same moment arrive in any order.
    sequences = sorted(record["secuencia"] for record in recorded)
    assert len(recorded) == len(set(sequences)) == 12, "a sample twice"
    assert recorded[0] == sample(recorded[0]["secuencia"])
    # Evenly over the run: no part of it is empty.
    span = sequences[-1] - sequences[0]
    assert max(b - a for a, b in itertools.pairwise(sequences)) < span / 3
    assert "HTTP 503 saturado" in run.err
    assert "not a sample: lacks total_ram, ram_libre" in run.err
    last = run.progress[-1]
    assert set(last) == {"phase", "users", "requests", "failures", "records", "distinct", "elapsed"}
    assert last["phase"] == 1
    assert last["records"] == 12
    assert last["distinct"] >= 12
    assert last["failures"] >= vm.hits["/trabajo"] // 2
    written = run_of(path, run)
    assert totals(written)["workload"] == (vm.hits["/trabajo"], math.ceil(vm.hits["/trabajo"] / 2))
    assert totals(written)["agent"] == (vm.hits["/metrics"], 1)
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "run.json"], "a temporary file was left"


def test_a_run_says_how_it_was_made_and_what_happened(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        vm.sequence = lambda _: int(time.monotonic())  # one sample a second, which a user of two hears twice
        more = ["--slo", "p99=0.5s,errors=2%", "--name", "ñandú", "-t", "6s", "--headless"]
        began = time.time()
        process = launch(SCRIPT, *options(vm, path, *more, users=30))
        process.finish(0)
    run = run_of(path, process)
    start, end = (datetime.fromisoformat(run[name]).timestamp() for name in ("start", "end"))
    assert began < start < end < time.time()
    assert 5.5 < end - start < 9
    assert f"{datetime.fromtimestamp(start, UTC):%Y%m%d-%H%M%S}" == run["id"][:15]
    assert (run["name"], run["phase"], run["recording"], run["vm"]) == ("ñandú", 1, "", MACHINE)
    assert run["protocol"] == {
        "users": 30,
        "spawn_rate": 10,
        "wait_min": 1,
        "wait_max": 2,
        "duration": 6,
        "ramp": False,
        "speed": 1,
        "target": f"{vm.url}/trabajo",
        "records": run["protocol"]["records"],
        "objective": {"percentile": 99, "latency_ms": 500, "errors_percent": 2},
        "workload": {"cpu_ms": 4, "memoria_mib": 1},
    }
    seconds = run["seconds"]
    assert [second["second"] for second in seconds] == list(range(len(seconds)))
    assert len(seconds) in (6, 7)
    users = [second["users"] for second in seconds]
    assert users[2:5] == [30, 30, 30]
    assert users[0] in (10, 20)
    assert any(second["generator_percent"] for second in seconds)
    # Of one sample a second, each second hears one new one, whoever asks for it how often.
    assert sum("vitals" in second for second in seconds) >= 5
    assert seconds[3]["vitals"]["porcentaje_cpu_uso"] == 12.5


@pytest.mark.parametrize(
    ("vm_answer", "work_answer"),
    [((404, {}), (200, b"<html>")), ((200, []), (200, {"cpu_ms": True, "memoria_mib": 1}))],
)
def test_what_nobody_says_is_left_open(
    launch: Launch, tmp_path: Path, vm_answer: tuple[int, object], work_answer: tuple[int, object]
) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        vm.vm, vm.workload = vm_answer, lambda _: work_answer
        process = launch(SCRIPT, *options(vm, path, "--headless", "-t", "2s")).finish(0)
    run = run_of(path, process)
    unknown = {"cpus": 0, "machine": "", "kernel": "", "processes": 0}
    assert run["vm"] == {"host": "vm-ñ", "ram_mib": 3934} | unknown
    assert "workload" not in run["protocol"]


@pytest.mark.parametrize(("how", "cwd"), [("interrupt", FOLDER), ("terminate", FOLDER.parent)])
def test_an_early_stop_writes_what_there_is(launch: Launch, tmp_path: Path, how: str, cwd: Path) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        run = launch(SCRIPT, *options(vm, path, "--headless", "-t", "10m"), cwd=cwd)
        vm.wait_until(lambda: vm.served > 15)
        getattr(run, how)()
        run.finish(0)
    kept, answers = answers_said(run.out)
    assert run.out.count("recorded") == 1
    assert "fewer than the 2000 asked for" in run.out
    assert len(json.loads(path.read_text())) == kept == answers == vm.served
    assert totals(run_of(path, run))["agent"] == (vm.served, 0)


def test_an_answer_in_flight_at_the_end_is_recorded(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    stopped = []
    with Vm() as vm:

        def slow_work(_: int) -> tuple[int, object]:
            vm.wait_until(lambda: bool(stopped))
            time.sleep(0.5)  # Locust has long begun to stop
            return 200, {}

        vm.workload = slow_work
        run = launch(SCRIPT, *options(vm, path, "--headless", users=3))
        vm.wait_until(lambda: vm.hits["/trabajo"] == 3)
        run.interrupt()
        vm.note(lambda: stopped.append(True))
        run.finish(0)
    assert answers_said(run.out) == (3, 3)


def test_nothing_recorded_is_an_error_and_overwrites_nothing(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    path.write_text("precious")
    with Vm() as vm:
        vm.metrics = lambda _: (503, {"error": "sin_muestra", "mensaje": "too old"})
        run = launch(SCRIPT, *options(vm, path, "--headless", "-t", "2s")).finish(1)
    assert "nothing was recorded" in run.out
    assert "HTTP 503 sin_muestra" in run.err
    assert path.read_text() == "precious"
    assert not (tmp_path / "run.json").exists()


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_workers_hand_every_answer_to_the_master(
    launch: Launch, tmp_path: Path, two_processes: list[str], how: str
) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:

        def workload(number: int) -> tuple[int, object]:
            # A user asks again once its last answer is recorded; so of three rounds of ten users, each begins when all
            # answers of the one before have arrived, and the order of arrival is known.
            if number <= 30:
                vm.wait_until(lambda: vm.hits["/trabajo"] >= math.ceil(number / 10) * 10)
            return 200, {}

        vm.workload = workload
        vm.sequence = lambda n: min(math.ceil(n / 10), 3)
        run = launch(SCRIPT, *options(vm, path, "--headless", "-t", "10m", *two_processes))
        vm.wait_until(lambda: vm.served > 20)
        getattr(run, how)()
        run.finish(0)
    recorded = json.loads(path.read_text())
    assert answers_said(run.out) == (vm.served, vm.served)
    assert totals(run_of(path, run))["agent"] == (vm.served, 0)
    assert [record["secuencia"] for record in recorded] == [1] * 10 + [2] * 10 + [3] * (vm.served - 20)


def test_stop_on_the_web_page_writes_the_recording(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    [port] = free_ports(1)
    page = f"http://127.0.0.1:{port}"
    with Vm() as vm:
        run = launch(SCRIPT, *options(vm, path), "--web-host", "127.0.0.1", "--web-port", port)
        form = urllib.parse.urlencode({"user_count": 10, "spawn_rate": 10, "recording": str(tmp_path / "other")})
        ask_until_up(f"{page}/swarm", form.encode())
        vm.wait_until(lambda: vm.served > 10)
        urllib.request.urlopen(f"{page}/stop", b"", timeout=30).read()  # noqa: S310 - our own page
        deadline = time.monotonic() + 30
        while not path.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        run.interrupt()
        run.finish(0)
    assert len(json.loads(path.read_text())) == vm.served
    assert sorted(tmp_path.iterdir()) == [path, tmp_path / "run.json"], "the web page chose a file"
    assert totals(run_of(path, run))["agent"] == (vm.served, 0)


@pytest.mark.parametrize(
    ("script", "wrong", "said"),
    [
        (SCRIPT, {"records": "0"}, "--records is 0, not at least 1"),
        (SCRIPT, {"records": "many"}, "--records is many, not at least 1"),
        (SCRIPT, {"host": ""}, "--host is missing, like --host http://VM:8080"),
        (SCRIPT, {"host": "http://["}, "--host is 'http://[', not an http or https URL"),
        (SCRIPT, {"target_url": "vm:8082"}, "--target-url is 'vm:8082', not an http or https URL"),
        (SCRIPT, {"slo": "errors=2"}, SLO),
        ("trafico_salida.py", {"host": ""}, "--host is missing, like --host http://ENTRY:8081"),
        ("trafico_salida.py", {"host": "nonsense"}, "--host is 'nonsense', not an http or https URL"),
    ],
)
def test_the_web_page_refuses_what_the_command_line_refuses(
    launch: Launch, tmp_path: Path, script: str, wrong: dict[str, str], said: str
) -> None:
    path = tmp_path / "recording.json"
    path.write_text(json.dumps([sample(1)]))
    [port] = free_ports(1)
    run = launch(script, "--recording", str(path), "--web-host", "127.0.0.1", "--web-port", port)
    form = {"user_count": "10", "spawn_rate": "10", "host": "http://127.0.0.1:9"} | wrong
    answer = ask_until_up(f"http://127.0.0.1:{port}/swarm", urllib.parse.urlencode(form).encode())
    run.interrupt()
    run.finish(0)
    assert json.loads(answer) == {"success": False, "message": said, "host": None}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--records", "0"], "--records is 0"),
        (["--recording", "/nowhere/at/all.json"], "no folder"),
        (["--target-url", "vm:8082"], "--target-url is 'vm:8082'"),
        (["--slo", "p95=250"], "--slo: 'p95=250' lacks a unit, ms or s"),
        (["--name", "x" * 121], "--name has 121 characters, over 120"),
        (["--name", "a\nb"], "--name has characters that cannot be printed"),
    ],
)
def test_wrong_options_end_before_any_traffic(launch: Launch, tmp_path: Path, wrong: list[str], said: str) -> None:
    with Vm() as vm:
        run = launch(SCRIPT, *options(vm, tmp_path / "r.json", "--headless", "-t", "2s"), *wrong).finish(2)
    assert said in run.err
    assert not vm.hits


@pytest.mark.parametrize(
    ("script", "example"), [(SCRIPT, "http://VM:8080"), ("trafico_salida.py", "http://ENTRY:8081")]
)
def test_a_missing_host_is_said(launch: Launch, tmp_path: Path, script: str, example: str) -> None:
    run = launch(script, "--headless", "-t", "2s", "--recording", str(tmp_path / "r.json")).finish(2)
    assert f"error: --host is missing, like --host {example}" in run.err
