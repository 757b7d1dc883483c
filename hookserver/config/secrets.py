"""Secrets by type: a setting of one of these types is masked wherever settings are shown, recorded or logged.

``Secret`` is a text, given as ``key = "…"`` or as ``key_file = "/path"``. ``Variables`` are environment variables, of
which those with a name such as ``DB_PASSWORD`` are secrets. ``SecretFile`` and ``VariablesFile``, in ``paths``, name
files with such content. ``secrets_of`` finds all of them in settings by walking the schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    PlainSerializer,
    SecretStr,
    SerializationInfo,
    Tag,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError

from hookserver.config.passwords import hide, is_secret_name, masked, secrets_in
from hookserver.config.paths import BASE, Content
from hookserver.config.values import Variable
from hookserver.config.walk import values_of

MASK = "mask"
"""In a serialization's context: the function that replaces a secret; ``masked`` without it."""
FILE_MISTAKE = "secret_file"
"""The type of pydantic's error details about ``<key>_file``."""


@dataclass(frozen=True)
class _InFile:
    """A secret given as ``<key>_file``; ``twice``: as ``<key>`` too."""

    file: object
    twice: bool


def _read(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, _InFile):
        return value
    if value.twice:
        raise PydanticCustomError(FILE_MISTAKE, "{key} is given too; keep one of them", {"key": info.field_name})
    if not isinstance(value.file, str):
        raise PydanticCustomError(FILE_MISTAKE, "should be a path in quotes")
    try:
        text = Path((info.context or {}).get(BASE, ""), value.file).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        raise PydanticCustomError(FILE_MISTAKE, "cannot be read: {why}", {"why": str(error)}) from error
    if not text:
        raise PydanticCustomError(FILE_MISTAKE, "{file} is empty", {"file": value.file})
    return text


def _serialized(secret: SecretStr, info: SerializationInfo) -> str:
    mask: Callable[[str], str] = (info.context or {}).get(MASK, masked)
    return mask(secret.get_secret_value())


Secret = Annotated[SecretStr, BeforeValidator(_read), PlainSerializer(_serialized, return_type=str)]
"""A secret text; empty: not given. In the settings file ``<key>_file`` may name a file that has it."""


def _hide_by_name(variables: object) -> object:
    if not isinstance(variables, Mapping):
        return variables
    secret = {name for name, text in variables.items() if isinstance(text, str) and is_secret_name(str(name))}
    return {name: SecretStr(text) if name in secret else text for name, text in variables.items()}


# Tags in brackets, like those that pydantic adds itself: `mistakes` removes them from the paths in messages.
_Value = Annotated[
    Annotated[str, Tag("[text]")] | Annotated[Secret, Tag("[secret]")],
    Discriminator(lambda value: "[secret]" if isinstance(value, SecretStr) else "[text]"),
]
Variables = Annotated[dict[Variable, _Value], BeforeValidator(_hide_by_name)]
"""Environment variables; a value is a ``SecretStr`` where its name promises a secret."""


def plain(variables: Mapping[str, str | SecretStr]) -> dict[str, str]:
    """Variables with their secrets readable, for the process that gets them."""
    return {name: text if isinstance(text, str) else text.get_secret_value() for name, text in variables.items()}


class Section(BaseModel):
    """A table of the settings file. Its ``repr`` masks secrets; ``<key>_file`` gives a ``Secret`` of any section."""

    # Pydantic's messages would otherwise show a secret that is wrong:
    # https://docs.pydantic.dev/latest/api/config/#pydantic.config.ConfigDict.hide_input_in_errors
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    @model_validator(mode="before")
    @classmethod
    def _find_secrets_in_files(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        in_files = {f"{key}_file": key for key in secret_keys(cls)}
        named = {in_files[key]: _InFile(file, in_files[key] in data) for key, file in data.items() if key in in_files}
        return {**{key: value for key, value in data.items() if key not in in_files}, **named}

    def shown(self, mask: Callable[[str], str] = masked) -> dict[str, Any]:
        """All keys as JSON data, with ``mask`` in the place of each secret and of each password inside a text."""
        data: dict[str, Any] = hide(self.model_dump(mode="json", context={MASK: mask}), mask)
        return data

    def revealed(self, include: set[str]) -> dict[str, Any]:
        """These keys as JSON data with their secrets readable: for a digest, never for a person."""
        return self.model_dump(mode="json", include=include, context={MASK: str})

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        yield from self.shown().items()


def secret_keys(section: type[BaseModel]) -> list[str]:
    """The keys of a section whose type is ``Secret``."""
    return [key for key, field in section.model_fields.items() if field.annotation is SecretStr]


def secrets_of(section: BaseModel) -> list[str]:
    """Every secret in the settings, also inside texts and in the files that they name.

    A file that cannot be read is left out: its reader reports it.
    """
    return [secret for _, value, content in values_of(section) for secret in _secrets(value, content)]


def _secrets(value: Any, content: Content | None) -> Iterator[str]:
    if content is Content.SECRET:
        yield _text(value)
    elif content is Content.VARIABLES:
        for line in _text(value).splitlines() if value else ():
            name, _, text = line.partition("=")
            if is_secret_name(name.strip()):
                yield text
            yield from secrets_in(line)
    else:
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
            yield value
        yield from secrets_in(value) if isinstance(value, str) else ()


def _text(file: Path) -> str:
    with suppress(OSError, ValueError):
        return file.read_text(encoding="utf-8").strip()
    return ""
