"""The record of a step in the store and the log."""

from __future__ import annotations

import pytest

from hookserver.errors import ContainerError
from hookserver.models import Step, StepOutcome
from hookserver.pipeline import steps
from tests.unit.pipeline.conftest import COMMIT, PipelinePlace


def outcomes(place: PipelinePlace, deploy: int) -> dict[Step, StepOutcome | None]:
    return {step.step: step.outcome for step in place.store.steps(deploy)}


def test_a_step_that_returns_is_recorded_as_done(place: PipelinePlace) -> None:
    deploy = place.claim()
    with place.running(deploy) as context:
        steps.start(context, steps.new_release(context, COMMIT, "sha256:1"))
    assert outcomes(place, deploy.number) == {Step.START: StepOutcome.DONE}
    assert "Starting replicas" in place.log(deploy)


def test_a_step_that_raises_is_recorded_as_failed(place: PipelinePlace) -> None:
    deploy = place.claim()
    place.runtime.refuses_to_start = "hs-shop-blue-2"
    with place.running(deploy) as context, pytest.raises(ContainerError):
        steps.start(context, steps.new_release(context, COMMIT, "sha256:1"))
    assert outcomes(place, deploy.number) == {Step.START: StepOutcome.FAILED}
