"""Documents of runs to test with."""


def second(number: int, **changes: object) -> dict:
    return {"second": number, "users": 2, "generator_percent": 1.5, "targets": []} | changes


def document(length: int = 2, **changes: object) -> dict:
    """Make a document."""
    return {
        "version": 1,
        "id": "20261130-184237-3f9c2a1b",
        "name": "ñandú",
        "phase": 1,
        "recording": "",
        "vm": {"host": "vm", "cpus": 2, "ram_mib": 1, "machine": "", "kernel": "", "processes": 0},
        "protocol": {
            "users": 1,
            "spawn_rate": 1,
            "wait_min": 1,
            "wait_max": 2,
            "duration": 0,
            "ramp": False,
            "speed": 1,
            "target": "http://vm:8082/trabajo",
            "records": 7,
            "objective": {"percentile": 95, "latency_ms": 250, "errors_percent": 1},
        },
        "start": "2026-11-30T18:42:37.000Z",
        "end": "2026-11-30T18:42:39.000Z",
        "seconds": [second(number) for number in range(length)],
    } | changes
