"""Durations and sizes as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookserver.config.units import format_duration, format_size, parse_duration, parse_size
from tests.unit.config.samples import APP, mistakes, settings


def test_durations_and_sizes_are_read_as_people_write_them() -> None:
    app = settings('[apps.shop.health]\ninterval = "200ms"\ndeadline = "2m"\n[apps.shop.tomcat]\nmemory = "1g"').apps[
        "shop"
    ]
    assert (app.health.interval, app.health.deadline, app.tomcat.memory) == (0.2, 120.0, 1 << 30)


@pytest.mark.parametrize(
    "duration", ["inf", "nan", '"99999999d"', '"30"', '"-1s"', '"soon"', "-1", "true", '"1 fortnight"']
)
def test_duration_that_could_be_misread_is_refused(duration: str) -> None:
    assert mistakes(APP + f"[apps.shop.release]\ndrain = {duration}\n")


@given(st.integers(min_value=0, max_value=10**9))
def test_formatted_duration_is_read_back(milliseconds: int) -> None:
    assert parse_duration(format_duration(milliseconds / 1000)) == pytest.approx(milliseconds / 1000)


@given(st.integers(min_value=1, max_value=1 << 50))
def test_formatted_size_is_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size
