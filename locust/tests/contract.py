"""What the ingest service takes as a run, strictly: every field, nothing else, everything in range and in order."""

import re
from datetime import datetime
from typing import Any

MOST = 1_000_000_000


def faults(run: dict[str, Any], *, part: bool = False) -> list[str]:
    """Name what is wrong with a document."""
    found = [f"{path}: {value!r}" for path, value, good in _checks(run, part=part) if not good]
    for index, second in enumerate(run["seconds"]):
        found += [f"seconds[{index}].{path}: {value!r}" for path, value, good in _of_second(second) if not good]
    return found


def _checks(run: dict[str, Any], *, part: bool) -> list[tuple[str, object, object]]:
    vm, protocol, seconds = run["vm"], run["protocol"], run["seconds"]
    objective, workload = protocol["objective"], protocol.get("workload")
    numbers = [number["second"] for number in seconds]
    names = "version id name phase recording vm protocol start end seconds"
    plan = "users spawn_rate wait_min wait_max duration ramp speed target records objective"
    return [
        ("", list(run), sorted(run) == sorted(names.split())),
        ("version", run["version"], run["version"] == 1),
        ("id", run["id"], re.fullmatch("[0-9]{8}-[0-9]{6}-[0-9a-f]{8}", run["id"])),
        ("name", run["name"], len(run["name"]) <= 120 and run["name"].isprintable()),
        ("phase", run["phase"], run["phase"] in (1, 2)),
        ("recording", run["recording"], re.fullmatch("[a-z0-9-]{0,64}", run["recording"])),
        ("vm", list(vm), sorted(vm) == sorted(["host", "cpus", "ram_mib", "machine", "kernel", "processes"])),
        *(
            (name, vm[name], isinstance(vm[name], str) and len(vm[name]) <= 253)
            for name in ("host", "machine", "kernel")
        ),
        *((name, vm[name], whole(vm[name])) for name in ("cpus", "ram_mib", "processes")),
        ("protocol", list(protocol), sorted(set(protocol) - {"workload"}) == sorted(plan.split())),
        *((name, protocol[name], whole(protocol[name])) for name in ("users", "records")),
        *(
            (name, protocol[name], number(protocol[name]))
            for name in ["spawn_rate", "wait_min", "wait_max", "duration", "speed"]
        ),
        ("ramp", protocol["ramp"], isinstance(protocol["ramp"], bool)),
        ("target", protocol["target"], re.fullmatch("https?://[^@?]+", protocol["target"])),
        ("objective", objective, sorted(objective) == ["errors_percent", "latency_ms", "percentile"]),
        ("percentile", objective["percentile"], 0 < objective["percentile"] < 100),
        ("latency_ms", objective["latency_ms"], 0 < objective["latency_ms"] <= MOST),
        ("errors_percent", objective["errors_percent"], 0 <= objective["errors_percent"] <= 100),
        ("workload", workload, workload is None or (number(workload["cpu_ms"]) and whole(workload["memoria_mib"]))),
        ("start", run["start"], moment(run["start"])),
        ("end", run["end"], moment(run["end"]) and run["end"] >= run["start"]),
        ("seconds", len(seconds), len(seconds) <= (300 if part else 14_400)),
        ("seconds", numbers, numbers == sorted(set(numbers)) and all(0 <= each < 14_400 for each in numbers)),
    ]


def _of_second(second: dict[str, Any]) -> list[tuple[str, object, object]]:
    targets, vitals = second["targets"], second.get("vitals")
    names = [target["name"] for target in targets]
    found = [
        ("", list(second), sorted(set(second) - {"vitals"}) == ["generator_percent", "second", "targets", "users"]),
        ("users", second["users"], whole(second["users"])),
        ("generator_percent", second["generator_percent"], number(second["generator_percent"])),
        ("targets", names, names == sorted(set(names)) and len(names) <= 8),
        ("targets", names, all(re.fullmatch("[a-z0-9_-]{1,32}", name) for name in names)),
    ]
    for target in targets:
        pairs = target["latency"]
        buckets = [bucket for bucket, _ in pairs]
        found += [
            (target["name"], list(target), sorted(target) == ["failures", "latency", "name", "requests"]),
            ("requests", target, whole(target["requests"]) and 0 <= target["failures"] <= target["requests"]),
            ("latency", pairs, buckets == sorted(set(buckets)) and all(0 <= each < 155 for each in buckets)),
            ("latency", target, sum(n for _, n in pairs) == target["requests"] - target["failures"]),
            ("latency", pairs, all(whole(n) and n for _, n in pairs)),
        ]
    if vitals:
        numbers = ["porcentaje_cpu_uso", "porcentaje_ram", "procesos_corriendo", "total_procesos"]
        found += [
            ("vitals", list(vitals), sorted(vitals) == sorted(["hora", *numbers])),
            ("hora", vitals["hora"], datetime.fromisoformat(vitals["hora"])),
            *((name, vitals[name], number(vitals[name])) for name in numbers),
            *((name, vitals[name], vitals[name] <= 100) for name in numbers[:2]),
        ]
    return found


def number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST


def whole(value: object) -> bool:
    return number(value) and isinstance(value, int)


def moment(text: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", text) and datetime.fromisoformat(text))


def totals(run: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """Add up the requests and failures of each target."""
    sums: dict[str, tuple[int, int]] = {}
    for second in run["seconds"]:
        for target in second["targets"]:
            requests, failures = sums.get(target["name"], (0, 0))
            sums[target["name"]] = requests + target["requests"], failures + target["failures"]
    return sums
