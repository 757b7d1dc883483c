"""The record of each step that a deploy runs: its times, its outcome, its title in the log."""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextlib import suppress
from typing import Concatenate, ParamSpec, TypeVar

from hookserver.errors import StoreError
from hookserver.models import Step, StepOutcome
from hookserver.pipeline.context import DeployContext

P = ParamSpec("P")
T = TypeVar("T")
StepFunction = Callable[Concatenate[DeployContext, P], T]


def recorded_step(step: Step, title: str) -> Callable[[StepFunction[P, T]], StepFunction[P, T]]:
    """Decorate the function of a step: its start and its outcome go to the store, ``title`` to the deploy's log.

    The decorated function raises StoreError when the start cannot be recorded.
    """

    def decorate(function: StepFunction[P, T]) -> StepFunction[P, T]:
        @functools.wraps(function)
        def run(context: DeployContext, /, *args: P.args, **kwargs: P.kwargs) -> T:
            context.store.begin_step(context.deploy, step)
            context.log.step(title)
            outcome = StepOutcome.FAILED
            try:
                result = function(context, *args, **kwargs)
                outcome = StepOutcome.DONE
            finally:
                with suppress(StoreError):  # the next step, or the deploy's end, closes this one too
                    context.store.end_step(context.deploy.number, outcome)
            return result

        return run

    return decorate
