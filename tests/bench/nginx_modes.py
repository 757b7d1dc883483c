"""The Nginx that a bench runs with: a managed instance, or an operator's with a site of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

from tests.shop.operators_nginx import Operator, compiled, distribution, end_instance, hand_built

MODES = ("managed", "system", "compiled")
"""``system``: the distribution's Nginx; ``compiled``: one built by hand, below /opt/nginx."""
THEIRS = "theirs.example.com"


@contextmanager
def operators_nginx(mode: str, folder: Path, port: int) -> Iterator[Operator | None]:
    """A running one that listens on ``port``, with its site THEIRS; None where hookserver runs its own."""
    with ExitStack() as stack:
        if mode == "managed":
            yield None
            return
        if mode == "compiled":
            stack.enter_context(compiled())
            operator = hand_built(port)
        else:
            operator = distribution(folder, port)
        operator.add("theirs", f"server {{ listen 127.0.0.1:{port}; server_name {THEIRS}; return 200 theirs; }}\n")
        operator.start()
        stack.callback(operator.stop)
        yield operator


def lines(operator: Operator | None, site: str) -> str:
    """Of the settings' ``[nginx]``."""
    if operator is None:
        return f'listen = ["{site}"]'
    return f'listen = ["{site}"]\nmode = "system"\nbinary = "{operator.binary}"\nconf_dir = "{operator.ours}"'


def serves_theirs(operator: Operator | None, site: str) -> bool:
    """Whether the operator's own site answers as it did before hookserver came; true where there is none."""
    if operator is None:
        return True
    return requests.get(site, headers={"Host": THEIRS}, timeout=10).text == "theirs"


def end_leftover(folder: Path) -> None:
    """The distribution's one of a run that was killed."""
    if folder.exists():
        end_instance(folder)
