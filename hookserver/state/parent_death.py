"""Let the kernel end a process when its parent ends."""

from __future__ import annotations

import ctypes
import os
import signal

_PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""


def end_with_parent(parent: int, number: signal.Signals) -> None:
    """From now on the kernel sends ``number`` to this process when ``parent``, which started it, ends.

    Ends this process at once when the parent has ended already. Call it in the child, after the fork.
    """
    # PR_SET_PDEATHSIG(2const): the signal comes when the *thread* that forked ends; execve(2) keeps the setting.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
    if os.getppid() != parent:  # it ended before the call above: no signal will come
        os._exit(1)
