"""Beside an operator's own Nginx: their files stay, mistakes are reported, and the old files are back."""

from __future__ import annotations

import datetime
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from hookserver.errors import NginxError
from hookserver.models import Slot, TrafficState
from tests.integration.nginx.conftest import NginxSite
from tests.shop.operators_nginx import Operator
from tests.waiting import until

pytestmark = pytest.mark.parametrize("site", ["system"], indirect=True)

OTHER = '\n[apps.blog]\nrepository = "push"\ndomains = ["blog.example.com"]\n'


def operator(site: NginxSite) -> Operator:
    assert site.operator is not None
    return site.operator


def start(site: NginxSite) -> None:
    site.serve(Slot.BLUE)
    site.apply()
    site.nginx.set("shop", TrafficState(Slot.BLUE))


def ours(site: NginxSite) -> dict[str, str]:
    return {file.name: file.read_text() for file in operator(site).ours.iterdir()}


def theirs(site: NginxSite, names: str, answer: str = "200 foreign", more: str = "") -> Path:
    text = (
        f"server {{ listen 127.0.0.1:{site.ports[0]}; server_name {names}; {more} location / {{ return {answer}; }} }}"
    )
    return operator(site).add("foreign", text)


def master(site: NginxSite) -> int:
    return int(operator(site).pid_file.read_text())


def snippet(site: NginxSite) -> Path:
    return site.folder / "snippets/shop.conf"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def curl(*options: str) -> str:
    command = ["curl", "-sS", "--max-time", "10", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def certificate(folder: Path) -> str:
    """The lines for a server with a key and a certificate of its own."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.example.com")])
    now = datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now).not_valid_after(now + datetime.timedelta(days=1))
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(secret)
    (folder / "cert.pem").write_bytes(made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return f"ssl_certificate {folder}/cert.pem; ssl_certificate_key {folder}/key.pem;"


def test_only_our_files_are_written_and_those_of_a_removed_app_are_removed(site: NginxSite) -> None:
    before = {file: file.read_text() for file in operator(site).conf.parent.rglob("*") if file.is_file()}
    site.apps += OTHER
    start(site)
    assert sorted(ours(site)) == ["hookserver-0-common.conf", "hookserver-app-blog.conf", "hookserver-app-shop.conf"]
    site.apps = site.apps.removesuffix(OTHER)
    assert site.apply()
    assert sorted(ours(site)) == ["hookserver-0-common.conf", "hookserver-app-shop.conf"]
    assert [file for file, text in before.items() if file.read_text() != text] == []


def test_nothing_is_reloaded_until_the_settings_change(site: NginxSite) -> None:
    start(site)
    working = Path(f"/proc/{master(site)}/task/{master(site)}/children").read_text()
    assert not site.apply()
    assert Path(f"/proc/{master(site)}/task/{master(site)}/children").read_text() == working
    site.apps += OTHER
    assert site.apply()
    assert {site.ask(host="blog.example.com").status for _ in range(10)} == {503}


def test_a_foreign_site_and_unknown_names_stay_theirs(site: NginxSite) -> None:
    theirs(site, "foreign.example.com")
    operator(site).reload()
    start(site)
    assert site.ask(host="foreign.example.com").body == "foreign"
    assert site.ask(host="unknown.example.com").body == "theirs"
    assert site.ask().json["name"].startswith("blue")


def test_operators_own_directives_do_not_reach_the_apps(site: NginxSite) -> None:
    conf = operator(site).conf
    more = "http { open_file_cache max=100 inactive=60s; open_file_cache_valid 60s; proxy_set_header X-Theirs 1;\n"
    more += "proxy_intercept_errors on; proxy_read_timeout 1s; proxy_request_buffering on;\n"
    conf.write_text(conf.read_text().replace("http {", more))
    operator(site).reload()
    start(site)
    site.serve(Slot.GREEN)
    for slot in (Slot.GREEN, Slot.BLUE) * 5:
        site.nginx.set("shop", TrafficState(slot))
        assert site.ask().json["name"].startswith(slot)
    assert "X-Theirs" not in site.ask().json["headers"]


def test_missing_include_line_is_an_error_with_its_place_and_leaves_nothing_behind(site: NginxSite) -> None:
    conf = operator(site).conf
    line = f"  include {conf.parent}/conf.d/*.conf;\n"
    conf.write_text(conf.read_text().replace(line, ""))
    place = 1 + conf.read_text().splitlines().index("http {")
    with pytest.raises(NginxError, match=f"begins at {conf}:{place}:\n    include {conf.parent}/conf.d/hookserver-"):
        site.apply()
    assert ours(site) == {}


def test_include_line_in_the_wrong_place_is_an_error(site: NginxSite) -> None:
    conf = operator(site).conf
    line = f"  include {conf.parent}/conf.d/*.conf;\n"
    conf.write_text(line + conf.read_text().replace(line, ""))
    with pytest.raises(NginxError, match=r"inside the http \{ \} block"):
        site.apply()
    assert ours(site) == {}


def test_a_foreign_invalid_file_is_named_and_what_runs_goes_on(site: NginxSite) -> None:
    start(site)
    before = ours(site)
    broken = operator(site).add("broken", "\nno_such_directive on;\n")
    site.apps += OTHER
    with pytest.raises(NginxError, match=f"because of {broken}:2, which is not hookserver's"):
        site.apply()
    assert ours(site) == before
    assert site.ask().status == 200


def test_our_files_are_reverted_when_nginx_refuses_them(site: NginxSite, monkeypatch: pytest.MonkeyPatch) -> None:
    start(site)
    before = ours(site)
    site.apps += OTHER
    monkeypatch.setattr("hookserver.nginx.text.proxy.real_address", lambda _: ["no_such_directive on;"])
    with pytest.raises(NginxError, match='unknown directive "no_such_directive"'):
        site.apply()
    assert ours(site) == before
    assert not (site.folder / "snippets/blog.conf").exists()
    operator(site).run("-t")
    assert site.ask().status == 200


def test_our_file_is_repaired_after_a_wrong_edit(site: NginxSite) -> None:
    start(site)
    before = ours(site)
    (operator(site).ours / "hookserver-app-shop.conf").write_text("no_such_directive on;\n")
    assert site.apply()
    assert ours(site) == before
    assert site.ask().status == 200


def test_a_server_of_theirs_for_the_domain_is_left_alone_until_it_includes_the_snippet(site: NginxSite) -> None:
    foreign = theirs(site, "www.example.org shop.example.com")
    operator(site).reload()
    start(site)
    assert site.ask().body == "foreign"
    assert site.nginx.answered("shop").live == Slot.BLUE
    (message,) = site.nginx.unreached("shop")
    assert f"shop.example.com has a server of its own at {foreign}:1" in message
    assert f"add `include {snippet(site)};` to it" in message
    foreign.write_text(foreign.read_text().replace("location / { return 200 foreign; }", f"include {snippet(site)};"))
    operator(site).reload()
    assert site.ask().json["name"].startswith("blue")
    assert site.ask(host="www.example.org").json["headers"]["Host"] == "www.example.org"
    site.apply()
    assert site.nginx.unreached("shop") == []
    site.serve(Slot.GREEN)
    site.nginx.set("shop", TrafficState(Slot.GREEN))
    assert {site.ask().json["name"][:-1] for _ in range(10)} == {"green"}
    site.nginx.set("shop", TrafficState())
    assert "try again" in site.ask().body


def test_snippet_beside_an_existing_location_is_an_error(site: NginxSite) -> None:
    foreign = theirs(site, "shop.example.com")
    start(site)
    foreign.write_text(f"{foreign.read_text().rstrip()[:-1]} include {snippet(site)}; }}")
    with pytest.raises(NginxError, match=r'duplicate location "/"[^$]*has this location already'):
        site.apply()


def test_snippet_of_a_removed_app_is_an_error_and_the_old_files_stay(site: NginxSite) -> None:
    foreign = theirs(site, "blog.example.com")
    site.apps += OTHER
    start(site)
    blog = site.folder / "snippets/blog.conf"
    foreign.write_text(foreign.read_text().replace("location / { return 200 foreign; }", f"include {blog};"))
    operator(site).reload()
    before = ours(site)
    site.apps = site.apps.removesuffix(OTHER)
    with pytest.raises(NginxError, match=f"{foreign}:1 includes {blog}, whose app is no longer in the settings"):
        site.apply()
    assert ours(site) == before
    assert blog.exists()


def test_operators_tls_server_serves_the_app_by_the_snippet_and_ours_plain_http(site: NginxSite) -> None:
    port = free_port()
    tls = certificate(operator(site).conf.parent)
    server = f"server {{ listen 127.0.0.1:{port} ssl http2; server_name shop.example.com; {tls} add_header X-Hsts 1;"
    file = operator(site).add("tls", f"{server} location / {{ return 200 foreign; }} }}")
    operator(site).reload()
    start(site)
    assert site.ask().json["headers"]["X-Forwarded-Proto"] == "http"
    (message,) = site.nginx.unreached("shop")
    assert f"at {file}:1" in message
    file.write_text(f"{server} include {snippet(site)}; }}")
    operator(site).reload()
    asked = ["-k", "--http2", "--resolve", f"shop.example.com:{port}:127.0.0.1", f"https://shop.example.com:{port}/a"]
    assert '"X-Forwarded-Proto": "https"' in curl(*asked)
    assert f'"X-Forwarded-Port": "{port}"' in curl(*asked)
    assert curl(*asked, "-o", "/dev/null", "-w", "%{http_version}") == "2"
    assert "x-hsts: 1" in curl(*asked, "-i").lower()


def test_a_port_where_they_speak_tls_is_not_listened_at(site: NginxSite) -> None:
    port = free_port()
    tls = certificate(operator(site).conf.parent)
    operator(site).add("tls", f"server {{ listen 127.0.0.1:{port} ssl; server_name a.example.com; {tls} }}")
    site.ports.append(port)
    with pytest.raises(NginxError, match=f"Remove 127.0.0.1:{port} from nginx.listen, and include the app's snippet"):
        site.apply()
    assert ours(site) == {}


def test_their_ipv6_goes_on_and_ours_may_listen_there(site: NginxSite) -> None:
    port = site.ports[0]
    operator(site).add("six", f'server {{ listen [::1]:{port} default_server; return 200 "theirs on six"; }}')
    operator(site).reload()
    site.nginx_keys = ""
    start(site)
    url = [f"http://[::1]:{port}/", "-H", "Host: shop.example.com"]
    assert curl(*url) == "theirs on six"
    settings = site.settings
    both = settings.nginx.model_copy(update={"listen": (*settings.nginx.listen, f"[::1]:{port}")})
    from hookserver.nginx import Nginx

    listening = settings.model_copy(update={"nginx": both})
    assert Nginx(listening).apply(listening, site.all_endpoints)
    assert '"name": "blue' in curl(*url)
    assert curl(url[0]) == "theirs on six"


def test_operators_site_stays_the_default_server(site: NginxSite) -> None:
    default = operator(site).sites / "default"
    default.write_text(default.read_text().replace(" default_server", ""))
    operator(site).reload()
    assert site.ask(host="unknown.example.com").body == "theirs"
    with pytest.raises(NginxError, match=rf"`listen 127.0.0.1:{site.ports[0]} default_server;`"):
        site.apply()
    assert ours(site) == {}
    assert site.ask(host="unknown.example.com").body == "theirs"


def test_on_a_port_of_ours_alone_an_unknown_name_is_404(site: NginxSite) -> None:
    site.ports.insert(0, free_port())
    start(site)
    assert site.ask().status == 200
    answer = site.ask(host="unknown.example.com")
    assert (answer.status, "theirs" in answer.body) == (404, False)


def test_nginx_that_is_down_is_an_error_never_started_and_finds_our_files_when_it_comes(site: NginxSite) -> None:
    operator(site).stop()
    with pytest.raises(NginxError, match=r"Nginx is down[^$]*systemctl start nginx"):
        site.apply()
    assert not site.nginx.is_running()
    assert not operator(site).is_up()
    operator(site).start()
    assert not site.apply()
    assert site.nginx.is_running()
    assert site.ask().status == 503


def test_after_a_kill_it_comes_back_with_our_files(site: NginxSite) -> None:
    start(site)
    pid = master(site)
    for victim in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
        os.kill(victim, signal.SIGKILL)
    until(lambda: not site.nginx.is_running())
    operator(site).pid_file.unlink()
    operator(site).start()
    assert site.ask().json["name"].startswith("blue")
    assert not site.apply()


@pytest.mark.parametrize(
    ("reload", "message"), [('["false"]', "`false` failed"), ('["true"]', "does not run the new configuration")]
)
def test_missing_reload_is_noticed_and_reverted(site: NginxSite, reload: str, message: str) -> None:
    start(site)
    before = ours(site)
    site.nginx_keys = f"reload = {reload}"
    site.apps += OTHER
    with pytest.raises(NginxError, match=message):
        site.apply()
    assert ours(site) == before
    assert site.ask().status == 200
    site.apps = site.apps.removesuffix(OTHER)
    assert not site.apply()


def test_a_reload_that_nginx_does_not_take_up_says_what_its_log_says(site: NginxSite) -> None:
    start(site)
    before = ours(site)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        site.ports.append(port)
        with pytest.raises(NginxError, match=rf"bind\(\) to 127.0.0.1:{port} failed"):
            site.apply()
    assert ours(site) == before
    assert site.ask().status == 200


def test_names_too_long_for_its_tables_are_an_error_with_the_line_to_add(site: NginxSite) -> None:
    site.apps = site.apps.replace("shop.example.com", f"{'shop' * 15}.example.com")
    with pytest.raises(NginxError, match=r"Add `server_names_hash_bucket_size 128;` to Nginx's http"):
        site.apply()
    assert ours(site) == {}


def test_an_app_named_with_34_letters_needs_no_larger_tables(site: NginxSite) -> None:
    site.apps = site.apps.replace("apps.shop", f"apps.{'s' * 34}")
    assert site.apply()


def test_impossible_folder_for_our_files_is_an_error(site: NginxSite) -> None:
    site.operator = replace(operator(site), conf=Path("/proc/nowhere/nginx.conf"))
    with pytest.raises(NginxError, match=r"Set nginx.conf_dir to a folder"):
        site.apply()


def test_stop_leaves_it_alone(site: NginxSite) -> None:
    start(site)
    site.nginx.stop()
    assert site.ask().status == 200


@pytest.mark.parametrize("named", [lambda folder: f"{folder}", lambda folder: f"{folder}/nginx"])
def test_the_program_may_be_named_by_its_folder(site: NginxSite, named: Callable[[Path], str]) -> None:
    theirs_is = operator(site)
    site.operator = replace(theirs_is, binary=named(Path(theirs_is.binary).parent))
    assert site.apply()
    site.operator = theirs_is
