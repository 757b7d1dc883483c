"""The keys of the whole settings file: defaults, and what follows from other keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookserver.config import Settings, load, parse
from tests.unit.config.samples import mistakes

EXAMPLE = Path(__file__).parents[3] / "deploy" / "hookserver.example.toml"


def test_webhook_url_is_below_the_public_url_when_there_is_one() -> None:
    public = parse('[server]\npublic_url = "https://deploy.example.com/"\n', Path("x")).settings.server
    assert public.webhook_url("shop") == "https://deploy.example.com/hooks/shop"
    assert Settings().server.webhook_url("shop") == "http://127.0.0.1:9000/hooks/shop"
    assert mistakes('[server]\npublic_url = "deploy.example.com"')[0].startswith("server.public_url: ")


def test_example_shows_the_defaults() -> None:
    lines = EXAMPLE.read_text().splitlines()
    spoken = "\n".join(line[2:] if line.startswith("# ") and " = " in line else line for line in lines)
    without_secret = "\n".join(line for line in spoken.splitlines() if "webhook_secret_file" not in line)
    spelled_out, default = parse(without_secret, Path("x")).settings, load(EXAMPLE).settings
    shop, shop_default = spelled_out.apps["shop"], default.apps["shop"]
    assert shop.model_copy(update={"image": shop_default.image}) == shop_default
    assert (spelled_out.server, spelled_out.nginx, spelled_out.docker) == (
        default.server,
        default.nginx,
        default.docker,
    )


@pytest.mark.parametrize(
    ("listen", "url"),
    [("127.0.0.1:9000", "http://127.0.0.1:9000"), ("9000", "http://127.0.0.1:9000"), ("[::1]:80", "http://[::1]:80")],
)
def test_local_url_reaches_the_address_that_is_listened_on(listen: str, url: str) -> None:
    assert parse(f'[server]\nlisten = "{listen}"', Path("x")).settings.server.local_url == url


@pytest.mark.parametrize("listen", ['["80", "0.0.0.0:80"]', '["0"]', "[]"])
def test_nginx_listens_on_each_address_once_and_on_real_ports(listen: str) -> None:
    assert mistakes(f"[nginx]\nlisten = {listen}")[0].startswith("nginx.listen: ")


@pytest.mark.parametrize(("web", "site"), [("9000", "9000"), ("*:9000", "0.0.0.0:9000"), ("[::1]:9000", "[::1]:9000")])
def test_visitors_and_webhooks_have_addresses_of_their_own(web: str, site: str) -> None:
    (mistake,) = mistakes(f'[server]\nlisten = "{web}"\n[nginx]\nlisten = ["80", "{site}"]')
    assert "server.listen and nginx.listen are both" in mistake
    assert parse(f'[server]\nlisten = "{web}"\n[nginx]\nlisten = ["80"]', Path("x"))
