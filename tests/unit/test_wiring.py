"""The worker has imported what its children need; a start with another subnet than the live apps have is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hookserver.config import load, record
from hookserver.errors import SettingsError
from hookserver.models import Push, Release, Slot, Trigger
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from hookserver.wiring import make_worker

_NEW_MODULES = """
import sys
from pathlib import Path
from hookserver.config import load
from hookserver.wiring import make_context, make_worker, open_store
loaded = load(Path(sys.argv[1]))
make_worker(loaded)
before = set(sys.modules)
make_context(loaded.settings, open_store(loaded.settings))
print(*sorted(set(sys.modules) - before))
"""


def test_services_of_a_child_are_imported_by_the_worker_before_it_forks(state: StateDir, tmp_path: Path) -> None:
    file = tmp_path / "hookserver.toml"
    file.write_text(f'[server]\nstate_dir = "{state.root}"\n')
    command = [sys.executable, "-c", _NEW_MODULES, str(file)]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


def test_changed_subnet_of_live_apps_is_refused_with_the_old_one(state: StateDir, tmp_path: Path) -> None:
    file = tmp_path / "hookserver.toml"
    text = f'[server]\nstate_dir = "{state.root}"\n[apps.shop]\nrepository = "push"\ndomains = ["shop.example.com"]\n'
    file.write_text(text)
    store = Store(state)
    store.sync_apps(["shop"])
    store.set_effective_settings(0, record(load(file).settings, "salt"))
    file.write_text(f'{text}[docker]\nsubnet = "10.9.0.0/20"\n')
    make_worker(load(file))
    number = store.enqueue(Push("shop", Trigger.CLI)).deploy
    assert store.claim(builds=1)
    store.add_release(Release(number, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2))
    store.go_live(number, number, standby=0)
    with pytest.raises(SettingsError, match=r"docker.subnet: shop is live on 172\.30\.240\.0/20"):
        make_worker(load(file))
    store.close()


_LOG = """
import logging
from hookserver.wiring import configure_logging
configure_logging()
logging.getLogger("deploy").info("shop: \\x1b]52;c;ZXZpbA==\\x07failed \\x9b31m\\u202e%s", "\\x1b[2Jnow")
"""


def test_workers_log_is_plain_text() -> None:
    done = subprocess.run([sys.executable, "-c", _LOG], check=True, capture_output=True, text=True)
    assert done.stderr.endswith(" deploy: shop: failed now\n")
