"""WARs that a project brings built."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from hookserver.errors import BuildError
from tests.integration.builders.conftest import BuildSite, war

SHOP = war({"WEB-INF/web.xml": "<web-app/>", "index.html": "shop"})


def test_only_war_of_the_repository_is_accepted(site: BuildSite) -> None:
    image, log = site.build(site.job({"deploy/shop.war": SHOP, "README": "x"}))
    assert "a prebuilt WAR, deploy/shop.war: war" in log
    assert image.startswith("sha256:")


def test_several_wars_are_refused_and_the_named_one_is_accepted(site: BuildSite) -> None:
    files: dict[str, str | bytes] = {"shop.war": SHOP, "dist/admin.war": SHOP}
    with pytest.raises(BuildError, match=r"several WARs: shop\.war, dist/admin\.war"):
        site.build(site.job(files))
    _, log = site.build(site.job(files, build={"kind": "war", "war": "dist/*.war"}))
    assert "the WAR in the repository: dist/admin.war" in log


def test_symlink_out_of_the_repository_is_refused(site: BuildSite, tmp_path: Path) -> None:
    (tmp_path / "outside.war").write_bytes(SHOP)
    job = site.job({"README": "x"}, build={"kind": "war", "war": "shop.war"})
    (job.source / "shop.war").symlink_to(tmp_path / "outside.war")
    with pytest.raises(BuildError, match="no WAR in the repository"):
        site.build(job)


def test_war_on_the_host_is_taken_and_a_changed_one_makes_a_new_image(site: BuildSite, tmp_path: Path) -> None:
    place = tmp_path / "shop.war"
    place.write_bytes(SHOP)
    job = site.job({"README": "x"}, build={"war": str(place)}, commit="a" * 40)
    image, _ = site.build(job)
    assert site.images.existing(job) == image
    place.write_bytes(war({"WEB-INF/web.xml": "<web-app/>", "index.html": "new"}))
    assert site.images.existing(job) is None


@pytest.mark.parametrize("name", ["../../../../etc/cron.d/x", "/etc/cron.d/x", "a/../../x", "..\\x"])
def test_war_with_entries_that_lead_out_is_refused(site: BuildSite, name: str) -> None:
    with pytest.raises(BuildError, match="leads out of the WAR"):
        site.build(site.job({"shop.war": war({"WEB-INF/web.xml": "<web-app/>", name: "x"})}))


def test_war_with_a_symlink_is_refused(site: BuildSite, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "link.war", "w") as archive:
        archive.writestr("WEB-INF/web.xml", "<web-app/>")
        link = zipfile.ZipInfo("passwd.txt")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(BuildError, match="symlink"):
        site.build(site.job({"shop.war": (tmp_path / "link.war").read_bytes()}))


def test_file_that_is_no_war_is_refused(site: BuildSite) -> None:
    with pytest.raises(BuildError, match="cannot be read as a WAR"):
        site.build(site.job({"shop.war": b"<html>404</html>"}))
    with pytest.raises(BuildError, match="not a web application"):
        site.build(site.job({"shop.war": war({"readme.txt": "x"})}))


def test_project_without_a_match_is_refused_with_what_was_looked_for(site: BuildSite) -> None:
    with pytest.raises(BuildError) as caught:
        site.build(site.job({"main.py": "print()"}))
    assert "pom.xml" in caught.value.problem
    assert "build.kind" in caught.value.remedy
