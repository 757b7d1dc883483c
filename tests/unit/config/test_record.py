"""Settings as they are recorded."""

from __future__ import annotations

from pathlib import Path

from hookserver.config import HIDDEN, flat, record, record_app
from tests.unit.config.samples import APP, settings


def test_record_has_every_section_and_every_app() -> None:
    recorded = record(settings(), "salt")
    assert set(recorded) == {"server", "nginx", "docker", "apps"}
    assert recorded["apps"]["shop"]["tomcat"]["memory"] == "512m"
    assert recorded["nginx"]["listen"] == ["80"]


def test_secret_is_a_digest_that_depends_on_the_salt() -> None:
    app = settings('webhook_secret = "hook-0123456789ab"').apps["shop"]
    first, again, other = (record_app(app, salt)["webhook_secret"] for salt in ("salt", "salt", "other"))
    assert first == again != other
    assert first.startswith(f"{HIDDEN} ")
    assert "hook" not in first
    assert record_app(settings().apps["shop"], "salt")["webhook_secret"] == ""


def test_content_of_a_file_is_recorded_as_a_digest(tmp_path: Path) -> None:
    env, driver = tmp_path / "shop.env", tmp_path / "driver.jar"
    env.write_text("A=1")
    driver.write_bytes(b"\xff\x00jar")
    text = f'tomcat.env_file = "{env}"\ntomcat.files = {{ "lib/driver.jar" = "{driver}", "conf/web.xml" = "web.xml" }}'
    app = settings(text).apps["shop"]
    before = record_app(app, "salt")["tomcat"]
    assert set(before["files_content"]) == {"lib/driver.jar"}
    env.write_text("A=2")
    driver.write_bytes(b"another")
    after = record_app(app, "salt")["tomcat"]
    assert before["env_file_content"] != after["env_file_content"]
    assert before["files_content"] != after["files_content"]
    env.unlink()
    assert record_app(app, "salt")["tomcat"]["env_file_content"] == "cannot be read: No such file or directory"


def test_flat_record_has_a_path_and_toml_for_each_key() -> None:
    rows = flat({"tomcat": {"memory": "1g", "migrate": False}, "domains": ["a", "b"]})
    assert rows == {"tomcat.memory": '"1g"', "tomcat.migrate": "false", "domains": '["a", "b"]'}
    assert flat(record_app(settings(APP.replace("shop", "blog")).apps["blog"], "x"))["branch"] == '"main"'
