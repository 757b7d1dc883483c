"""Known holes of Nginx."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.nginx import binary
from hookserver.nginx.known_holes import HOLES, judge, line_about, owner
from tests.unit.nginx.test_binary import program

ALL = " ".join(hole.cve for hole in HOLES)


@pytest.mark.parametrize(
    ("version", "cves"),
    [
        ((1, 22, 1), ALL),
        ((1, 29, 8), ALL),
        ((1, 30, 1), "CVE-2026-9256 CVE-2026-42533 CVE-2026-93479 CVE-2026-125283"),
        ((1, 30, 4), "CVE-2026-93479 CVE-2026-125283"),
        ((1, 30, 7), ""),
        ((1, 31, 0), "CVE-2026-9256 CVE-2026-42533 CVE-2026-93479 CVE-2026-125283"),
        ((1, 31, 8), "CVE-2026-125283"),
        ((1, 31, 9), ""),
        ((1, 32, 0), ""),
        ((), ""),
    ],
)
def test_built_nginx_has_the_holes_of_its_version(version: tuple[int, ...], cves: str) -> None:
    line = judge("/opt/nginx", version, "", "")
    assert (line is not None) == bool(cves)
    if line:
        assert line.is_certain
        assert [hole.cve for hole in HOLES if f"{hole.cve} " in line.text.replace(",", " ")] == cves.split()
        assert "use 1.30." in line.text


def test_package_whose_changelog_names_all_of_them_is_not_mentioned() -> None:
    assert judge("/usr/sbin/nginx", (1, 22, 1), "nginx", f"  * fixes: {ALL}.") is None


def test_package_whose_changelog_does_not_name_them_is_unknown_and_no_warning() -> None:
    line = judge("/usr/sbin/nginx", (1, 22, 1), "nginx", ALL.replace("CVE-2026-9256", "CVE-2026-92567"))
    assert line
    assert not line.is_certain
    assert "unknown whether the package nginx (1.22.1) has a fix for CVE-2026-9256 (" in line.text
    assert "CVE-2026-42533" not in line.text


@pytest.mark.parametrize(
    ("found", "package"),
    [
        ("nginx-light: /usr/sbin/nginx\n", "nginx-light"),
        ("nginx:amd64: /usr/sbin/nginx\n", "nginx"),
        ("diversion by x from: /usr/sbin/nginx\nnginx: /usr/sbin/nginx\n", "nginx"),
        ("", ""),
    ],
)
def test_owner_is_the_package_that_dpkg_names(found: str, package: str) -> None:
    assert owner(found) == package


def test_program_that_no_package_has_is_judged_by_its_own_version(tmp_path: Path) -> None:
    old = program(tmp_path / "nginx", "nginx version: nginx/1.30.3\nconfigure arguments: --prefix=/opt/x")
    line = line_about(str(old))
    assert line
    assert line.is_certain
    assert f"{old} is Nginx 1.30.3, which has CVE-2026-42533" in line.text


def test_nginx_of_this_machine_is_judged_by_the_changelog_of_its_package() -> None:
    line = line_about("nginx")
    assert line is None or not line.is_certain
    assert binary.run(["dpkg-query", "--search", str(Path(binary.locate("nginx")).resolve())]).code == 0


def test_missing_nginx_has_no_holes(tmp_path: Path) -> None:
    assert line_about(str(tmp_path / "none")) is None
