"""The things that commands share: the settings, the store, the option ``--json``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

import click

from hookserver.config import Loaded, find, load

if TYPE_CHECKING:
    from hookserver.store import Store

P = ParamSpec("P")

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def with_settings(command: Callable[Concatenate[Loaded, P], None]) -> Callable[P, None]:
    """Pass the loaded settings as the first argument. The command raises SettingsError with every mistake."""

    @click.pass_obj
    @wraps(command)
    def with_settings(config: str | None, /, *args: P.args, **kwargs: P.kwargs) -> None:
        command(load(find(config)), *args, **kwargs)

    return with_settings


def with_store(command: Callable[Concatenate[Loaded, Store, P], None]) -> Callable[P, None]:
    """Pass the loaded settings and the open store as the first arguments.

    The command raises SettingsError with every mistake, and StoreError when the database cannot be opened.
    """

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
