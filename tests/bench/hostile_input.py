"""Does hostile input harm the web side? ``tests/run.sh bench hostile_input``

100,000 inputs in all, for each parser of what strangers send and for the whole HTTP API over a real store. Hypothesis
makes them, and schemathesis from the OpenAPI document.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path

from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.bench.outcome import outcome, report, run, table
from tests.shop.hostile_calls import Api, api, documented_calls, random_calls, signed_calls
from tests.shop.hostile_input import Parsers, Tally

INPUTS_BAR = 100000
_OF_A_PARSER = 10_000
_RANDOM_CALLS = 15_000
_OF_AN_OPERATION = 1_000


def _tallies(calls: Api) -> Iterator[tuple[str, Tally]]:
    parsers = Parsers(calls.app, calls.settings.apps["shop"]).all()
    for count, sources in (
        (_OF_A_PARSER, parsers),
        (_RANDOM_CALLS, [random_calls(calls), signed_calls(calls)]),
        (_OF_AN_OPERATION, documented_calls(calls)),
    ):
        for source in sources:
            yield source.name, source.feed(count)


def bench() -> int:
    """Run it; the exit code."""
    logging.disable(logging.CRITICAL)  # a line for each refused call
    rows: list[tuple[str, int, int, int, int]] = []
    with tempfile.TemporaryDirectory() as folder:
        state = StateDir(Path(folder))
        store = Store(state)
        store.upgrade()
        store.close()
        with api(state) as calls:
            for name, tally in _tallies(calls):
                rows.append((name, tally.inputs, tally.server_errors, tally.broken_promises, tally.side_effects))
                report(" ".join(map(str, ("fed:", *rows[-1], *tally.faults))))
    head = ["input", "inputs", "5xx", "broken promises", "side effects"]
    report(table(head, [[*map(str, row)] for row in rows]))
    inputs, errors, broken, effects = (sum(numbers) for numbers in zip(*(row[1:] for row in rows), strict=True))
    figures = {"inputs": inputs, "server_errors": errors, "broken_promises": broken, "side_effects": effects}
    bars = {
        f"inputs: {inputs}, at least {INPUTS_BAR}": inputs >= INPUTS_BAR,
        f"5xx: {errors}, at most 0": errors == 0,
        f"answers and values that are not as documented: {broken}, at most 0": broken == 0,
        f"changes by calls that were refused: {effects}, at most 0": effects == 0,
    }
    return outcome("hostile_input", {name: float(figure) for name, figure in figures.items()}, bars)


if __name__ == "__main__":
    run(bench)
