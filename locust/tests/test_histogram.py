"""The histogram against the golden one, which internal/latency is tested with as well."""

import json
import random

import pytest
from conftest import FOLDER

from pulso.histogram import BOUNDS, Histogram

GOLDEN = json.loads((FOLDER.parent / "internal" / "golden" / "latency.json").read_text())


def test_the_bounds_are_the_golden_ones() -> None:
    assert GOLDEN["bounds"] == BOUNDS


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["name"])
def test_sums_have_the_golden_quantiles(case: dict) -> None:
    total = Histogram()
    for part in case["parts"]:
        histogram = Histogram(part)
        assert [list(pair) for pair in histogram.pairs()] == part
        total.merge(histogram)
    assert total.count == case["count"]
    for share, nanoseconds in case["quantiles"].items():
        assert int(total.quantile(float(share)) * 1e6) == pytest.approx(nanoseconds, abs=1)  # it cuts to whole ns


def test_a_latency_falls_into_the_bucket_that_ends_at_or_over_it() -> None:
    for bucket, bound in enumerate(BOUNDS):
        for nanoseconds, expected in ((bound, bucket), (bound + 1, bucket + 1)):
            histogram = Histogram()
            histogram.observe(nanoseconds / 1e6)
            assert histogram.pairs() == [(expected, 1)]
    histogram = Histogram()
    histogram.observe(-3.0)  # a clock that went back
    histogram.observe(1e9)
    assert histogram.pairs() == [(0, 1), (154, 1)]


def test_a_quantile_is_close_to_the_exact_one() -> None:
    values = sorted(random.Random(1).lognormvariate(3, 1.5) for _ in range(5001))
    histogram = Histogram()
    for value in values:
        histogram.observe(value)
    for percent in (50, 95, 99):
        exact = values[-(-len(values) * percent // 100) - 1]
        assert histogram.quantile(percent / 100) == pytest.approx(exact, rel=0.045)
