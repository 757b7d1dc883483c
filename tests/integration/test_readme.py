"""Every block of shell in the documents, run as it is; only places and names are this test's own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hookserver.config import load
from hookserver.models import Endpoint
from hookserver.state.permissions import prepare
from hookserver.state.state_dir import StateDir
from hookserver.store import Store
from tests.shop import Installation, installed, session_wars
from tests.shop.replicas import ask

ROOT = Path(__file__).parents[2]
DOCUMENTS = ("README.md", "deploy/README.md", "hookserver/README.md", "tests/README.md")
BLOCKS = [
    block
    for document in DOCUMENTS
    for block in re.findall(r"```sh\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), re.DOTALL)
]
RUN_HERE = (
    *("./deploy/demo.sh", "./tests/run.sh", "apt-get install", "hookserver --config", "git remote add"),
    *("(umask 077; hookserver token create ci ", "(umask 077; hookserver token create reports ", "(umask 077; openssl"),
    *("hookserver status", "hookserver apply", "cp deploy/systemd", "ip rule add"),
    *("hookserver nginx show", "mkdir -p /var/backups", "/opt/hookserver/bin/pip", "systemctl disable", "fallocate"),
)
"""How each block begins."""
APP = "it-readme"


def block(first_words: str) -> str:
    """The one block that begins so."""
    (found,) = {text for text in BLOCKS if text.startswith(first_words)}
    return str(found)


def run(script: str, folder: Path, replaced: Mapping[str, str], program: Path, config: Path | None = None) -> str:
    for old, new in replaced.items():
        assert old in script, f"the document has no {old!r} any more"
        script = script.replace(old, new)
    environ = {**os.environ, "PATH": f"{program}:{os.environ['PATH']}"}
    if config:
        environ["HOOKSERVER_CONFIG"] = str(config)
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``hookserver``, installed as documented."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "bin").mkdir()
    places = {"/opt/hookserver": f"{folder}/opt", "/usr/local/bin": f"{folder}/bin", "/etc/hookserver": f"{folder}/etc"}
    run(block("apt-get install"), ROOT, places, folder / "bin")
    return folder / "bin"


@pytest.fixture(scope="module")
def site() -> Iterator[Installation]:
    with installed("172.30.186.0/24") as made:
        project = made.add_app(APP)
        made.start()
        for version in ("one", "two"):
            project.release(version)
            made.ended(project.push().deploy)
        yield made


def test_settings_of_a_new_user_are_valid(program: Path, tmp_path: Path) -> None:
    clone = tmp_path / "shop"
    shutil.copytree(ROOT / "deploy" / "sample", clone)
    commands = block("hookserver --config")
    assert commands.endswith("hookserver up\n"), "`up` is what the other tests here run"
    config = tmp_path / "etc/hookserver.toml"
    places = {"/home/you/shop": str(clone), "/etc/hookserver/hookserver.toml": str(config)}
    output = run(commands.removesuffix("hookserver up\n"), tmp_path, places, program, config)
    assert config.is_file()
    assert 'apps.shop.build.kind = "' in output


def test_push_to_the_bare_repository_goes_live(site: Installation, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    repository = str(site.state.push_repository(APP))
    subprocess.run(["git", "clone", "--quiet", repository, clone], check=True)
    subprocess.run(["git", "commit", "--quiet", "--allow-empty", "-m", "Change"], cwd=clone, check=True)
    output = run(block("git remote add"), clone, {"/var/lib/hookserver/repos/shop.git": repository}, tmp_path)
    assert f"of {APP} is live" in output
    (shown,) = re.findall(r"```log\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    printed = [_without_values(line.removeprefix("remote: ").rstrip()) for line in output.splitlines()]
    expected = [_without_values(line) for line in shown.splitlines()]
    assert [line for line in printed if line in expected] == expected


def _without_values(line: str) -> str:
    """Commits, numbers of deploys, slots and the app's name are others each time."""
    line = re.sub(r"\b[0-9a-f]{12}\b", "COMMIT", line.replace(APP, "shop"))
    return re.sub(r"\b(?:blue|green)\b", "SLOT", re.sub(r"deploy \d+", "deploy N", line))


def test_everyday_commands_work_as_written(program: Path, site: Installation, tmp_path: Path) -> None:
    output = run(block("hookserver status"), tmp_path, {" shop": f" {APP}"}, program, site.config)
    assert "live" in output
    assert site.store.app(APP).lock is None


def test_changed_settings_are_shown_and_applied(program: Path, site: Installation, tmp_path: Path) -> None:
    site.config.write_text(site.config.read_text().replace('memory = "192m"', 'memory = "208m"'))
    output = run(block("hookserver apply"), tmp_path, {}, program, site.config)
    assert f'apps.{APP}.tomcat.memory: "192m" → "208m"' in output
    (replica,) = (one for one in site.containers(app=APP) if one.labels["hookserver.slot"] == site.live_slot(APP))
    assert replica.attrs["HostConfig"]["Memory"] == 208 << 20


def test_curl_deploys_as_documented(program: Path, site: Installation, tmp_path: Path) -> None:
    places = {**_api_places(site), "--app shop": f"--app {APP}"}
    output = run(block("(umask 077; hookserver token create ci "), tmp_path, places, program, site.config)
    assert output.rstrip().splitlines()[-1] == "live"
    assert (tmp_path / "ci.header").stat().st_mode & 0o777 == 0o600


def test_token_that_only_reads_is_made_as_documented(program: Path, site: Installation, tmp_path: Path) -> None:
    places = {**_api_places(site), "--app shop": f"--app {APP}"}
    output = run(block("(umask 077; hookserver token create reports "), tmp_path, places, program, site.config)
    assert json.loads(output)["deploys"][0]["app"] == APP
    assert {file.stat().st_mode & 0o777 for file in tmp_path.glob("reports.*")} == {0o600}


def test_webhook_secret_is_made_as_documented(program: Path, tmp_path: Path) -> None:
    run(block("(umask 077; openssl"), tmp_path, {"/etc/hookserver/shop.secret": f"{tmp_path}/shop.secret"}, program)
    secret = tmp_path / "shop.secret"
    assert secret.stat().st_mode & 0o777 == 0o640
    config = tmp_path / "hookserver.toml"
    app = f'repository = "push"\ndomains = ["{APP}.test"]\nwebhook_secret_file = "shop.secret"\n'
    config.write_text(f"[apps.{APP}]\n{app}")
    assert load(config).settings.apps[APP].webhook_secrets == (secret.read_text().strip(),)


def _api_places(site: Installation) -> dict[str, str]:
    return {"127.0.0.1:9000": f"127.0.0.1:{site.web_port}", "apps/shop": f"apps/{APP}"}


def test_snippet_for_an_existing_nginx_is_printed(program: Path, site: Installation, tmp_path: Path) -> None:
    config = tmp_path / "hookserver.toml"
    config.write_text(site.config.read_text().replace("[nginx]\n", '[nginx]\nmode = "system"\n'))
    assert "proxy_pass" in run(block("hookserver nginx show"), tmp_path, {" shop": f" {APP}"}, program, config)


def test_backup_has_the_database_and_the_repositories(site: Installation, tmp_path: Path) -> None:
    """``sqlite3``, which a machine may lack, is Python's here."""
    program = tmp_path / "sqlite3"
    program.write_text(f"#!{sys.executable}\nimport sqlite3, sys\nsqlite3.connect(sys.argv[1]).execute(sys.argv[2])\n")
    program.chmod(0o755)
    saved = tmp_path / "saved"
    places = {"/var/lib/hookserver": str(site.state.root), "/var/backups/hookserver": str(saved)}
    run(block("mkdir -p /var/backups"), tmp_path, places, tmp_path)
    assert (saved / "repos" / f"{APP}.git" / "HEAD").is_file()
    copy = StateDir(tmp_path / "restored")
    prepare(copy)
    shutil.copy(saved / "hookserver.db", copy.database)
    store = Store(copy)
    assert store.live_releases().keys() == {APP}
    store.close()


def test_rule_of_the_metadata_address_can_be_added_before_the_worker_runs(tmp_path: Path) -> None:
    run(block("ip rule add"), tmp_path, {"172.30.240.0/20": "172.30.198.0/24"}, tmp_path)
    try:
        rules = subprocess.run(["ip", "rule"], capture_output=True, text=True, check=True).stdout
        assert "from 172.30.198.0/24 to 169.254.0.0/16 unreachable" in rules
    finally:
        subprocess.run(["ip", "rule", "del", "priority", "169", "from", "172.30.198.0/24"], check=True)


def test_services_are_enabled_and_the_upgrade_restarts_them(program: Path, tmp_path: Path) -> None:
    """No systemd runs here: it is asked for the services that the units make."""
    asked = tmp_path / "asked"
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\nprintf "%s " "$@" >>{asked}; echo >>{asked}\n')
    systemctl.chmod(0o755)
    (tmp_path / "system").mkdir()
    run(block("cp deploy/systemd"), ROOT, {"/etc/systemd/system/": f"{tmp_path}/system/"}, tmp_path)
    run(block("/opt/hookserver/bin/pip"), ROOT, {"/opt/hookserver": f"{program.parent}/opt"}, tmp_path)
    units = {"hookserver-web", "hookserver-worker", "hookserver-nginx", r"var-lib-hookserver-request\x2djournal.mount"}
    words = {word for line in asked.read_text().splitlines() for word in line.split()[1:] if word[0] != "-"}
    assert words == units
    assert {unit.name.removesuffix(".service") for unit in (tmp_path / "system").iterdir()} == units
    assert "hookserver" in run("hookserver --version", tmp_path, {}, program)


def test_uninstallation_leaves_nothing_but_files(tmp_path: Path) -> None:
    """No systemd runs here: its part is done by the test."""
    systemctl = tmp_path / "systemctl"
    systemctl.write_text("#!/bin/sh\n")
    systemctl.chmod(0o755)
    with installed("172.30.189.0/24") as made:
        project = made.add_app("it-off")
        made.start()
        project.release("one")
        assert made.ended(project.push().deploy)["status"] == "live"
        labels = {"hookserver.state_dir": str(made.state.root), "hookserver.app": "it-off"}
        made.docker.volumes.create("hookserver-test-cache", labels=labels)  # as a build's cache
        made.stop()
        assert made.visit("it-off").text == "one"
        run(block("systemctl disable"), tmp_path, {"/var/lib/hookserver": str(made.state.root)}, tmp_path)
        ours = {"label": f"hookserver.state_dir={made.state.root}"}
        assert made.docker.api.containers(all=True, filters=ours) == []
        assert made.docker.api.networks(filters=ours) == []
        assert made.docker.api.images(all=True, filters=ours) == []
        assert not made.docker.api.volumes(filters=ours)["Volumes"]
        assert not made.state.request_journal.is_mount()
        with pytest.raises(ConnectionRefusedError):
            made.visit("it-off")


def test_sessions_are_stored_in_a_file_system_of_their_own(tmp_path: Path) -> None:
    """No systemd runs here: the test mounts as the line for fstab says."""
    operating = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
    (options,) = re.findall(r"/var/lib/hookserver/sessions ext4 (\S+) 0 0\n", operating)
    with installed("172.30.197.0/24") as made:
        image, folder = tmp_path / "sessions.img", made.state.root / "sessions"
        places = {"/var/lib/hookserver-sessions.img": str(image), "/var/lib/hookserver/sessions": str(folder)}
        run(block("fallocate"), tmp_path, places, tmp_path)
        subprocess.run(["mount", "-t", "ext4", "-o", options, image, folder], check=True)
        try:
            project = made.add_app("it-own", release='sessions = "shared"')
            made.start()
            project.commit({"app.war": session_wars.war()}, "one")
            assert made.ended(project.push().deploy)["status"] == "live"
            nginx = Endpoint("nginx", "", "127.0.0.1", made.site_port)
            cookie = ask(nginx, "/add.jsp?item=a", Host="it-own.test").cookie
            assert ask(nginx, "/cart.jsp", cookie, Host="it-own.test").text == "[a]"
            (stored,) = (file for file in (folder / "it-own").rglob("*") if re.fullmatch(r"[\w-]{43}", file.name))
            flags = os.ST_NOSUID | os.ST_NODEV | os.ST_NOEXEC
            assert os.statvfs(stored).f_flag & flags == flags
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)


def test_each_shell_block_is_run_by_a_test() -> None:
    assert [text for text in BLOCKS if not text.startswith(RUN_HERE)] == []


@pytest.mark.parametrize("script", ["./deploy/demo.sh", "./tests/run.sh"])
def test_two_commands_exist_and_are_executable(script: str) -> None:
    assert block(script) == f"{script}\n"
    assert os.access(ROOT / script, os.X_OK)


def test_demo_loses_no_request_and_leaves_nothing() -> None:
    """The first of the two commands of the README."""
    done = subprocess.run(
        [ROOT / "deploy/demo.sh", "--once"],
        env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert re.search(r"failed:\s+0\b", done.stdout + done.stderr)
