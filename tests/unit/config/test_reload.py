"""Settings that a running hookserver applies, and those that need a restart."""

from __future__ import annotations

from hookserver.config import with_running_values
from tests.unit.changes.test_plan import BEFORE, read


def test_settings_that_need_a_restart_stay() -> None:
    running = read(BEFORE)
    given = read(f'[server]\nuser = "web"\nbuilds = 3\n[docker]\nsubnet = "10.9.0.0/20"\n{BEFORE}')
    now = with_running_values(given, running)
    assert (now.server.user, now.docker) == (running.server.user, running.docker)
    assert now.server.builds == 3
