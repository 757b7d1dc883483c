"""The app's own Tomcat files: where they may come from, what they must be, how they get into the image."""

from __future__ import annotations

import contextlib
import tarfile
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hookserver.builders.job import BuildJob
from hookserver.builders.tomcat import own_files
from hookserver.builders.tomcat.base_image import Base, SettingsFile
from hookserver.builders.tomcat.edit_conf import edit_server_xml
from hookserver.builders.tomcat.own_files import OwnFile
from hookserver.config import AppSettings
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError
from tests.unit.builders.tomcat.test_check_xml import USERS
from tests.unit.builders.wars.test_facts import zipped

SUBNET = IPv4Network("172.30.240.0/27")

MAVENS = b"<settings><servers><server><id>tomcat</id><username>a</username></server></servers></settings>"


def gathered(tmp_path: Path, files: dict[str, str]) -> tuple[tuple[OwnFile, ...], str]:
    """The files and the log; the repository is ``tmp_path / "source"``."""
    (tmp_path / "source").mkdir(exist_ok=True)
    app = {"name": "shop", "repository": "push", "domains": ["shop.example.com"], "tomcat": {"files": files}}
    job = BuildJob(AppSettings.model_validate(app), 1, "c" * 40, tmp_path / "source", tmp_path, SUBNET)
    with contextlib.closing(DeployLog(tmp_path / "log")) as log:
        return own_files.read_own_files(job, log), (tmp_path / "log").read_text()


def written(file: Path, content: bytes) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return str(file)


def test_files_come_from_the_repository_and_from_this_machine(tmp_path: Path) -> None:
    written(tmp_path / "source/deploy/users.xml", USERS)
    jar = written(tmp_path / "host/driver.jar", zipped({"a": b"b"}))
    files, log = gathered(tmp_path, {"conf/tomcat-users.xml": "deploy/users.xml", "lib/driver.jar": jar})
    assert [file.place for file in files] == ["conf/tomcat-users.xml", "lib/driver.jar"]
    assert "conf/tomcat-users.xml: deploy/users.xml" in log
    assert "the manager application is not in the image" in log


def test_missing_file_and_link_out_of_the_repository_are_refused(tmp_path: Path) -> None:
    outside = written(tmp_path / "secret.xml", USERS)
    (tmp_path / "source").mkdir()
    (tmp_path / "source/users.xml").symlink_to(outside)
    for name, where in (
        ("users.xml", "in the repository"),
        ("no.xml", "in the repository"),
        ("/no.xml", "on this machine"),
    ):
        with pytest.raises(BuildError, match=rf"{name} \(for conf/tomcat-users\.xml\) is not {where}"):
            gathered(tmp_path, {"conf/tomcat-users.xml": name})


def test_settings_of_maven_instead_of_users_are_refused_with_the_right_schema(tmp_path: Path) -> None:
    written(tmp_path / "source/users.xml", MAVENS)
    with pytest.raises(BuildError, match=r"Tomcat silently ignores its root element <settings><servers>") as caught:
        gathered(tmp_path, {"conf/tomcat-users.xml": "users.xml"})
    assert '<user username="…" password="…" roles="manager-gui"/>' in caught.value.remedy


@pytest.mark.parametrize(
    ("place", "content", "problem"),
    [
        ("lib/driver.jar", b"version https://git-lfs.github.com/spec/v1", "is not a jar"),
        ("conf/logging.properties", b"\xff", "is not in UTF-8"),
    ],
)
def test_file_that_does_not_fit_its_name_is_refused(tmp_path: Path, place: str, content: bytes, problem: str) -> None:
    written(tmp_path / "source/file", content)
    with pytest.raises(BuildError, match=problem):
        gathered(tmp_path, {place: "file"})


@pytest.mark.parametrize(
    ("script", "is_noted"),
    [
        (b'CATALINA_OPTS="-Xmx1g"\n', True),
        (b"export CATALINA_OPTS=-Xmx1g\n", True),
        (b'CATALINA_OPTS="$CATALINA_OPTS -Xmx1g"\n', False),
        (b'export CATALINA_OPTS="-Xmx1g ${CATALINA_OPTS:-}"\n', False),
        (b"JAVA_OPTS=-Xmx1g\n", False),
    ],
)
def test_setenv_that_overwrites_our_options_gets_a_note(script: bytes, is_noted: bool) -> None:
    assert bool(own_files.notes(OwnFile("bin/setenv.sh", script), set())) is is_noted


def test_context_of_the_manager_gets_a_note() -> None:
    place = "conf/Catalina/localhost/manager.xml"
    assert "can reach /manager through Nginx too" in own_files.notes(OwnFile(place, b"<Context/>"), {place})[0]
    assert own_files.notes(OwnFile("conf/tomcat-users.xml", USERS), {place}) == []


def test_own_server_xml_is_edited_like_that_of_the_image() -> None:
    own = b'<Server port="-1"><Service name="C"><Connector port="8080" keepAliveTimeout="5"/></Service></Server>'
    image = SettingsFile("<Server/>", 0o600, 5, 6)
    base = Base("sha256:1", "/t", {"server.xml": image}, (), (), (), "", (), "", 0)
    laid = own_files.override_settings(base, [OwnFile("conf/server.xml", own), OwnFile("lib/a.jar", b"PK")])
    assert laid.conf["server.xml"] == SettingsFile(own.decode(), 0o600, 5, 6)
    edited = edit_server_xml(laid.conf["server.xml"].text, IPv4Network("172.17.0.0/16")).text
    assert 'keepAliveTimeout="5"' in edited
    assert 'bindOnInit="false"' in edited


def test_packed_files_have_the_mode_of_their_folder_and_no_settings_files() -> None:
    places = ("conf/tomcat-users.xml", "conf/server.xml", "lib/a.jar", "bin/setenv.sh")
    files = [OwnFile(place, b"x") for place in places]
    with tarfile.open(fileobj=own_files.pack_files(files, SettingsFile("", 0o600, 5, 6))) as archive:
        entries = {entry.name: (entry.mode, entry.uid, entry.gid) for entry in archive}
    assert entries == {
        "conf/tomcat-users.xml": (0o600, 5, 6),
        "lib/a.jar": (0o644, 5, 6),
        "bin/setenv.sh": (0o755, 5, 6),
    }


def test_script_from_windows_gets_unix_line_ends(tmp_path: Path) -> None:
    written(tmp_path / "source/setenv.sh", b"A=1\r\nB=2\r\n")
    assert gathered(tmp_path, {"bin/setenv.sh": "setenv.sh"})[0][0].content == b"A=1\nB=2\n"
