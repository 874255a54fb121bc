"""The ramp as real Locust runs against a real queue."""

import json
import threading
import time
import urllib.parse
from collections import defaultdict
from pathlib import Path

import pytest
from conftest import FOLDER, Launch, Process, ask_until_up, free_ports
from contract import faults, totals
from fake import Vm

SCRIPT = "tests/quick_ramp.py"
SERVICE = 0.04  # seconds that a request keeps the one worker
CAPACITY = 1 / SERVICE  # requests a second


class Queue(Vm):
    """A workload of one worker, at which requests wait in order."""

    def __init__(self) -> None:
        super().__init__()
        self.worker = threading.Lock()
        self.free = 0.0  # when the worker will be, monotonic time
        self.workload = self.wait

    def wait(self, _: int) -> tuple[int, object]:
        with self.worker:
            self.free = max(self.free, time.monotonic()) + SERVICE
            turn = self.free
        time.sleep(max(0, turn - time.monotonic()))  # what is served is time itself
        return 200, {"cpu_ms": 1000 * SERVICE, "memoria_mib": 0}


def climb(launch: Launch, vm: Vm, path: Path, *more: str, users: int = 128) -> Process:
    target = ["--host", vm.url, "--target-url", f"{vm.url}/trabajo", "--recording", str(path)]
    options = [*target, "--headless", "--ramp", "-u", str(users), "-r", "100", *more]
    return launch(SCRIPT, *options, PYTHONPATH=str(FOLDER), PULSO_PROGRESS="json")


def run_of(path: Path, process: Process) -> dict:
    run = json.loads(path.with_name("run.json").read_text())
    assert not faults(run)
    assert totals(run)["workload"] == process.counted("workload /trabajo")
    assert run["protocol"]["ramp"]
    return run


def rates(run: dict) -> dict[int, float]:
    """Return the good answers a second, of the seconds in which the users stayed the same."""
    held = defaultdict(list)
    for before, second in zip(run["seconds"], run["seconds"][1:], strict=False):
        if before["users"] == second["users"]:
            held[second["users"]] += [t["requests"] for t in second["targets"] if t["name"] == "workload"]
    return {users: sum(counts) / len(counts) for users, counts in held.items() if len(counts) >= 3}


def test_it_ends_by_itself_beyond_the_knee(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    with Queue() as vm:
        process = climb(launch, vm, path).finish(0, limit=180)
    run = run_of(path, process)
    # A user asks every 1.54 s at the most: the knee is at 38 users.
    steps = list(dict.fromkeys(line["step"] for line in process.progress))
    assert steps[:3] == [16, 23, 32]
    assert 64 in steps
    assert 128 in steps, "the load that is asked about was not tried"
    assert max(steps) <= 181
    assert "The ramp ends: it is beyond saturation" in process.err
    measured = rates(run)
    assert measured[128] == pytest.approx(CAPACITY, rel=0.1)
    assert measured[16] == pytest.approx(16 / (1.5 + SERVICE), rel=0.25)
    assert {step for step in steps if step not in measured} == set()
    assert (run["protocol"]["users"], run["protocol"]["duration"]) == (128, 0)
    # 250 ms is between 38 and 45 users; one of the two last steps looks there.
    assert 32 < steps[-1] < 64


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_stopped_early_it_writes_what_there_is(launch: Launch, tmp_path: Path, how: str) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        process = climb(launch, vm, path)
        vm.wait_until(lambda: vm.hits["/trabajo"] > 40)
        getattr(process, how)()
        process.finish(0)
    run = run_of(path, process)
    assert totals(run)["agent"] == (vm.served, 0)
    assert process.out.count("recorded") == 1


@pytest.mark.parametrize("how", ["interrupt", "terminate"])
def test_two_workers_step_together(launch: Launch, tmp_path: Path, two_processes: list[str], how: str) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        process = climb(launch, vm, path, *two_processes, users=64)
        vm.wait_until(lambda: vm.hits["/trabajo"] > 110)  # of the first steps, 8 and 11 users, comes half of them
        getattr(process, how)()
        process.finish(0)
    run = run_of(path, process)
    assert totals(run)["agent"] == (vm.served, 0)
    assert set(rates(run)) >= {8, 11}


def test_each_start_on_the_web_page_is_a_ramp_of_its_own(launch: Launch, tmp_path: Path) -> None:
    [port] = free_ports(1)
    page = f"http://127.0.0.1:{port}"
    run_path = tmp_path / "run.json"
    with Vm() as vm:
        files = ["--target-url", f"{vm.url}/trabajo", "--recording", str(tmp_path / "recording.json")]
        web = ["--web-host", "127.0.0.1", "--web-port", port]
        process = launch(SCRIPT, "--host", vm.url, *files, *web, "--ramp", PYTHONPATH=str(FOLDER))
        runs = []
        for _ in range(2):
            until = vm.hits["/trabajo"] + 60
            ask_until_up(f"{page}/swarm", urllib.parse.urlencode({"user_count": 64, "spawn_rate": 50}).encode())
            vm.wait_until(lambda until=until: vm.hits["/trabajo"] > until)
            ask_until_up(f"{page}/stop", b"")
            runs.append(json.loads(run_path.read_text()))
        process.interrupt()
        process.finish(0)
    for run in runs:
        assert run["protocol"]["users"] == 64
        users = [second["users"] for second in run["seconds"]]
        assert users[1] == users[2] == users[3] == 8
        assert 11 in users


def test_time_that_is_up_ends_a_ramp(launch: Launch, tmp_path: Path) -> None:
    path = tmp_path / "recording.json"
    with Vm() as vm:
        began = time.monotonic()
        process = climb(launch, vm, path, "-t", "4s").finish(0)
        assert time.monotonic() - began < 30
    assert "The ramp ends: its time is up" in process.err
    assert 4 <= len(run_of(path, process)["seconds"]) <= 8


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--ramp"], "--ramp needs -u, the load that is asked about"),
        (["--ramp", "-u", "300", "--ramp-limit", "299"], "--ramp-limit is 299, less than -u"),
        (["-u", "300", "--ramp-limit", "600"], "--ramp-limit is nothing without --ramp"),
    ],
)
def test_wrong_options_end_before_any_traffic(launch: Launch, tmp_path: Path, wrong: list[str], said: str) -> None:
    with Vm() as vm:
        files = ["--recording", str(tmp_path / "recording.json")]
        process = launch("trafico_entrada.py", "--headless", "--host", vm.url, *files, *wrong).finish(2)
    assert f"error: {said}" in process.err
    assert not vm.hits
