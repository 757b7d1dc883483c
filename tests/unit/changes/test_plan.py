"""What the plan says of changed settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hookserver.changes.nginx_settings import routed
from hookserver.changes.plan import Plan, make_plan
from hookserver.config import Settings, parse, record, record_app, taken_up
from hookserver.models import Release, Slot
from hookserver.store import EffectiveSettings

SALT = "salt"
BEFORE = """
[apps.shop]
repository = "https://bot:secret-word@git.example.com/shop.git"
domains = ["shop.example.com"]
webhook_secret = "secret-hook"
[apps.shop.tomcat]
env = { LEVEL = "info", DB_PASSWORD = "secret-db" }
"""


def read(text: str) -> Settings:
    return parse(text, Path("hookserver.toml")).settings


def known(settings: Settings, retire: tuple[str, ...] = ()) -> EffectiveSettings:
    recorded = json.loads(json.dumps(record(settings, SALT)))
    return EffectiveSettings(requested=1, loaded=1, applied=1, message="", retire=retire, settings=recorded, salt=SALT)


def live(settings: Settings, *apps: str) -> dict[str, Release]:
    return {
        app: Release(7, app, "c" * 40, "sha256:1", Slot.BLUE, 2, settings=record_app(settings.apps[app], SALT))
        for app in apps
    }


def planned(after: str, before: str = BEFORE, locks: Mapping[str, str] | None = None, serving: str = "shop") -> Plan:
    old = read(before)
    return make_plan(read(after), live(old, *serving.split()), known(old), locks or {})


def one_change(old: str, new: str) -> Plan:
    assert old in BEFORE
    return planned(BEFORE.replace(old, new))


def test_nothing_changed_is_an_empty_plan() -> None:
    plan = planned(BEFORE)
    assert plan.is_empty(retires=True)
    assert plan.lines(retires=True) == ["nothing to do: what runs is as the settings say"]


def test_where_no_worker_has_run_yet_there_is_nothing_to_compare_with() -> None:
    nothing = EffectiveSettings(requested=0, loaded=0, applied=0, message="", retire=(), settings={}, salt=SALT)
    assert make_plan(read(BEFORE), {}, nothing, {}).is_empty(retires=True)


def test_memory_needs_new_replicas_in_the_other_slot_and_no_reload() -> None:
    plan = one_change("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    assert plan.lines(retires=False) == [
        'apps.shop.tomcat.memory: "512m" → "1g"',
        "shop: 2 new replicas of cccccccccccc start on green beside those that serve, which takes 2g of memory "
        "meanwhile; then the switch: no request is lost",
    ]
    assert plan.reloads == 0


def test_another_tomcat_image_builds_the_live_commit_again() -> None:
    plan = one_change("[apps.shop.tomcat]", '[apps.shop.tomcat]\nimage = "tomcat:11"')
    assert plan.replaced[0].rebuilds
    assert "its image is built again" in plan.lines(retires=False)[-1]


def test_another_number_of_replicas_says_both_reloads_and_their_cost() -> None:
    plan = one_change("[apps.shop.tomcat]", "replicas = 3\n[apps.shop.tomcat]")
    assert plan.reloads == 2
    assert plan.lines(retires=False)[-1].startswith("Nginx is reloaded twice, ")
    assert "cuts one request" in plan.lines(retires=False)[-1]


def test_a_domain_is_one_reload_and_nothing_is_replaced() -> None:
    plan = one_change('["shop.example.com"]', '["shop.example.com", "b.example.com"]')
    assert (plan.replaced, plan.reloads) == ((), 1)


@pytest.mark.parametrize(
    ("section", "does"),
    [
        ('[apps.shop.health]\npath = "/up"', "taken up at once"),
        ('[apps.shop.release]\ndrain = "5s"', "taken up at once"),
        ('[apps.shop.build]\ntimeout = "5m"', "the next push or poll goes by it"),
        ('[server]\nlisten = "127.0.0.1:9999"', "needs a restart of hookserver"),
        ('[docker]\nsubnet = "10.9.0.0/20"', "stays as it is while apps serve"),
    ],
)
def test_what_needs_no_container_says_when_it_holds(section: str, does: str) -> None:
    plan = planned(f"{BEFORE}\n{section}\n")
    assert plan.replaced == ()
    assert plan.reloads == 0
    assert does in plan.lines(retires=False)[1]


def test_secrets_are_compared_and_neither_kept_nor_shown() -> None:
    plan = planned(BEFORE.replace("secret-db", "secret-new").replace("secret-hook", "secret-other"))
    told = "\n".join(plan.lines(retires=False)) + json.dumps(plan.document(retires=False))
    assert "apps.shop.tomcat.env.DB_PASSWORD: another secret" in told
    assert "apps.shop.webhook_secret: another secret" in told
    assert "secret-" not in told.replace("another secret", "")
    assert "secret-" not in json.dumps(record(read(BEFORE), SALT))


def test_a_file_that_says_something_else_now_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "shop.env"
    file.write_text("A=1\n")
    text = BEFORE.replace("[apps.shop.tomcat]", f'[apps.shop.tomcat]\nenv_file = "{file}"')
    old = read(text)
    before, facts = live(old, "shop"), known(old)
    file.write_text("A=2\n")
    plan = make_plan(read(text), before, facts, {})
    assert [change.key for change in plan.changes["shop"]] == ["tomcat.env_file_content"]
    assert [one.app for one in plan.replaced] == ["shop"]


def test_an_app_that_does_not_serve_takes_everything_up_with_its_next_push() -> None:
    text = BEFORE.replace("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    plan = planned(text, serving="")
    assert plan.replaced == ()
    assert "the next push or poll goes by it" in plan.lines(retires=False)[1]


def test_a_locked_app_waits_and_says_for_whom() -> None:
    text = BEFORE.replace("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    assert (
        "waits for the unlock (ann: stocktaking)" in planned(text, locks={"shop": "ann: stocktaking"}).lines(False)[-1]
    )


def test_an_app_that_is_gone_is_retired_only_when_that_is_asked_for() -> None:
    plan = planned('[apps.new]\nrepository = "push"\ndomains = ["new.example.com"]\n')
    told = plan.lines(retires=False)
    assert "apps.shop is gone from the settings: it serves on; --yes retires it" in told
    assert planned("").is_empty(retires=False)
    assert not planned("").is_empty(retires=True)
    assert plan.document(retires=False)["retired"] == []
    assert plan.document(retires=True)["retired"] == ["shop"]
    assert any(line.startswith("apps.new is new") for line in told)


def test_a_release_from_before_settings_were_remembered_is_left_alone() -> None:
    old = read(BEFORE)
    release = Release(7, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2)
    text = BEFORE.replace("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    assert make_plan(read(text), {"shop": release}, known(old), {}).replaced == ()


def test_a_key_that_an_older_hookserver_did_not_know_replaces_nothing() -> None:
    old = read(BEFORE)
    made_from: dict[str, Any] = record_app(old.apps["shop"], SALT)
    del made_from["tomcat"]["memory"]
    release = Release(7, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2, settings=made_from)
    assert make_plan(old, {"shop": release}, known(old), {}).replaced == ()


def test_what_needs_a_restart_stays_as_it_runs() -> None:
    running = read(BEFORE)
    given = read(f'[server]\nlisten = "127.0.0.1:9999"\nbuilds = 3\n[docker]\nsubnet = "10.9.0.0/20"\n{BEFORE}')
    now = taken_up(given, running)
    assert (now.server.listen, now.docker) == (running.server.listen, running.docker)
    assert now.server.builds == 3


def test_an_app_keeps_its_path_in_nginx_until_a_release_of_the_new_context_serves() -> None:
    old, new = read(BEFORE), read(BEFORE.replace("webhook_secret", 'path = "/store"\nwebhook_secret'))
    assert routed(new, live(old, "shop"), known(old)).apps["shop"].path == "/"
    assert routed(new, live(new, "shop"), known(old)).apps["shop"].path == "/store"
    assert routed(new, {}, known(old)).apps["shop"].path == "/store"


def test_an_app_that_is_gone_keeps_the_domains_that_nobody_else_has_until_it_is_to_be_retired() -> None:
    old = read(BEFORE.replace('["shop.example.com"]', '["shop.example.com", "b.example.com"]'))
    new = read('[apps.new]\nrepository = "push"\ndomains = ["b.example.com"]\n')
    serving = live(old, "shop")
    assert routed(new, serving, known(old)).apps["shop"].domains == ("shop.example.com",)
    assert "shop" not in routed(new, serving, known(old, retire=("shop",))).apps
    assert "shop" not in routed(new, {}, known(old)).apps
