"""The user of the web process in the tests' installations."""

from __future__ import annotations

import grp
import os
import pwd
import subprocess
import sys
from functools import cache
from pathlib import Path

USER = "hookserver"
_ROOT = Path(__file__).parents[2]


@cache
def web_user() -> str:
    """``hookserver``; ``root`` where that user may not enter the folder of the checkout or of the interpreter."""
    if os.geteuid() != 0:
        return USER
    user = pwd.getpwnam(USER)
    command = ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    # By env(1): setpriv(1) still has root's rights when it looks for the program that it starts.
    command += ["env", sys.executable, "-P", "-c", "import hookserver, sqlalchemy"]
    done = subprocess.run(command, cwd="/", env={"PYTHONPATH": str(_ROOT)}, capture_output=True, check=False)
    return USER if done.returncode == 0 else "root"


def share_settings(file: Path) -> None:
    """Let the web process read a settings file, as an operator would."""
    if os.geteuid() == 0 and web_user() == USER:
        os.chown(file, 0, grp.getgrnam(USER).gr_gid)
        file.chmod(0o640)
