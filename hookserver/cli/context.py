"""What the commands stand on: the settings, the store, and how data is shown."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from hookserver.config import Loaded, find, load

if TYPE_CHECKING:
    from hookserver.store import Store

P = ParamSpec("P")

json_option = click.option("--json", "as_json", is_flag=True, help="Data as JSON.")


def with_settings(command: Callable[Concatenate[Loaded, P], None]) -> Callable[P, None]:
    """The command gets the settings first. Raises SettingsError with every mistake."""

    @click.pass_obj
    @wraps(command)
    def with_settings(config: str | None, /, *args: P.args, **kwargs: P.kwargs) -> None:
        command(load(find(config)), *args, **kwargs)

    return with_settings


def with_store(command: Callable[Concatenate[Loaded, Store, P], None]) -> Callable[P, None]:
    """The command gets the settings and the open database first."""

    @with_settings
    @wraps(command)
    def with_store(loaded: Loaded, /, *args: P.args, **kwargs: P.kwargs) -> None:
        from hookserver.wiring import open_store

        store = open_store(loaded.settings)
        try:
            command(loaded, store, *args, **kwargs)
        finally:
            store.close()

    return with_store
