"""Objectives as the command line has them."""

import pytest

from pulso.objective import Objective, ObjectiveError, parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("p95=250ms,errors=1%", Objective(95, 250, 1)),
        ("errors=0.5%, p99.9=1.5s", Objective(99.9, 1500, 0.5)),
        ("p50=2s", Objective(50, 2000, 1)),
        ("errors=0%", Objective(95, 250, 0)),
    ],
)
def test_an_objective(text: str, expected: Objective) -> None:
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "'' is neither like p95=250ms nor like errors=1%"),
        ("p95=250", "'p95=250' lacks a unit, ms or s"),
        ("p95=250min", "neither like"),
        ("p0=1s", "the percentile must be over 0 and under 100"),
        ("p100=1s", "the percentile must be over 0 and under 100"),
        ("p95=0ms", "the time must be over 0"),
        ("p95=999999999s", "at most 1000000 s"),
        ("errors=101%", "the share must be 0 to 100 %"),
        ("errors=1", "neither like"),
        ("errors=-1%", "neither like"),
        ("p95=1s,p99=2s", "'p99=2s' says again"),
        ("errors=1%,errors=1%", "says again"),
        ("p95=1s,", "'' is neither like"),
    ],
)
def test_a_wrong_objective_is_explained(text: str, said: str) -> None:
    with pytest.raises(ObjectiveError) as error:
        parse(text)
    assert said in str(error.value)
