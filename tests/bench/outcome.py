"""The report of a bench: lines for people, and last one JSON line for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence


def report(text: str = "") -> None:
    """A line for people."""
    print(text, flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns under their heads; the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in [head, *rows]
    ]
    return "\n".join(line.rstrip() for line in lines)


def outcome(bench: str, figures: dict[str, float], bars: dict[str, bool]) -> int:
    """Print which bars are met and the JSON line; the exit code."""
    report()
    for bar, met in bars.items():
        report(f"{'met    ' if met else 'NOT MET'}  {bar}")
    ok = all(bars.values())
    report(json.dumps({"bench": bench, "ok": ok, "figures": figures}))
    return 0 if ok else 1


def run(bench: Callable[[], int]) -> None:
    """Run a bench as a program; Ctrl-C ends it with 130 once all is stopped."""
    try:
        sys.exit(bench())
    except KeyboardInterrupt:
        sys.exit(130)
