"""The reload of an operator's Nginx."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence

from hookserver.errors import NginxError
from hookserver.nginx import binary, logs
from hookserver.nginx.managed import processes
from hookserver.nginx.system.operators import Operators
from hookserver.state.wait_until import wait_until


def reload(command: Sequence[str], operators: Operators, runs_new: Callable[[], bool], patience: float) -> None:
    """Run the command, and wait until Nginx runs the new configuration in all its workers.

    ``runs_new``: whether Nginx answers from the new configuration. ``patience``: seconds for each of the three.
    Raises NginxError when the command fails, or when Nginx keeps the previous configuration.
    """
    before = logs.size(operators.error_log)
    old = processes.workers_of(operators.master) if operators.master else frozenset()
    output = binary.run([*command], patience)
    if output.code != 0:
        raise NginxError(
            f"`{shlex.join(command)}` failed:\n{output.stdout}{output.stderr}",
            "Set nginx.reload to the command that reloads your Nginx.",
        )

    def old_ones_left() -> bool:
        return operators.master is None or not old & processes.workers_of(operators.master)

    # Nginx starts new workers before it ends the old ones: https://nginx.org/en/docs/control.html#reconfiguration
    if not wait_until(runs_new, patience) or not wait_until(old_ones_left, patience):
        raise NginxError(
            f"Nginx was reloaded, but does not run the new configuration:\n"
            f"{logs.errors_since(operators.error_log, before)}",
            f"The previous one stays active. Fix the errors here and in {operators.error_log}, or set nginx.reload.",
        )
