"""Errors are reported, and the rest continues."""

from __future__ import annotations

import pytest

from hookserver.errors import NginxError
from hookserver.pipeline.reporting import errors_reported


def fail(error: BaseException) -> None:
    raise error


def test_an_error_is_reported_with_its_subject_and_its_remedy(report: list[str]) -> None:
    with errors_reported("nginx", report.append):
        fail(NginxError("Nginx is down", "Start it."))
    assert report == ["nginx: Nginx is down\nStart it."]


def test_an_unexpected_error_is_reported_with_its_type(report: list[str]) -> None:
    with errors_reported("shop", report.append):
        fail(KeyError("State"))
    assert report[0].startswith("shop: unexpected KeyError: 'State'\n")


def test_interrupt_is_passed_on(report: list[str]) -> None:
    with pytest.raises(KeyboardInterrupt), errors_reported("shop", report.append):
        fail(KeyboardInterrupt())
    assert report == []
