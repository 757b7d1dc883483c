from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.containers.env_file import parse_env_file, read_env_file
from hookserver.errors import ContainerError


def test_env_file_is_read_as_docker_reads_it() -> None:
    text = '\ufeff# comment\n\n  A=1\nB="quoted" # kept\nC=\nD=a=b\r\n'
    assert parse_env_file(text, "f") == {"A": "1", "B": '"quoted" # kept', "C": "", "D": "a=b"}


@pytest.mark.parametrize("line", ["NAME", "A B=1", "=x", "export A=1"])
def test_line_that_is_no_variable_is_refused_with_its_number(line: str) -> None:
    with pytest.raises(ContainerError, match="line 2 is not NAME=value"):
        parse_env_file(f"A=1\n{line}\n", "/etc/shop.env")


def test_missing_or_binary_file_is_refused_with_its_setting(tmp_path: Path) -> None:
    binary = tmp_path / "shop.env"
    binary.write_bytes(b"A=\xff\n")
    for file in (binary, tmp_path / "none.env"):
        with pytest.raises(ContainerError, match=r"cannot be read.*") as error:
            read_env_file(file)
        assert "tomcat.env_file" in error.value.remedy


def test_no_file_gives_no_variables() -> None:
    assert read_env_file(None) == {}
