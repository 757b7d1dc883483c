"""The plan of changed settings."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from hookserver.changes.plan import Plan, make_plan
from hookserver.config import Settings, parse, record, record_app
from hookserver.models import Release, Slot
from hookserver.store import EffectiveSettings

SALT = "salt"
BEFORE = """
[apps.shop]
repository = "https://bot:secret-word@git.example.com/shop.git"
domains = ["shop.example.com"]
webhook_secret = "secret-hook-of-the-shop"
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


def test_unchanged_settings_make_an_empty_plan() -> None:
    plan = planned(BEFORE)
    assert plan.is_empty(retires=True)
    assert plan.lines(retires=True) == ["nothing to do: these settings are applied"]


def test_plan_is_empty_before_the_first_worker() -> None:
    nothing = EffectiveSettings(requested=0, loaded=0, applied=0, message="", retire=(), settings={}, salt=SALT)
    assert make_plan(read(BEFORE), {}, nothing, {}).is_empty(retires=True)


def test_memory_needs_new_replicas_and_no_reload() -> None:
    plan = one_change("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    assert plan.lines(retires=False) == [
        'apps.shop.tomcat.memory: "512m" → "1g"',
        "shop: 2 new replicas of cccccccccccc start on green beside the live ones, which needs 2g of memory "
        "meanwhile; then the switch: no request is lost",
    ]
    assert plan.reloads == 0


def test_other_tomcat_image_rebuilds_the_live_commit() -> None:
    plan = one_change("[apps.shop.tomcat]", '[apps.shop.tomcat]\nimage = "tomcat:11"')
    assert plan.replaced[0].rebuilds
    assert "its image is rebuilt" in plan.lines(retires=False)[-1]


def test_other_number_of_replicas_needs_two_reloads() -> None:
    plan = one_change("[apps.shop.tomcat]", "replicas = 3\n[apps.shop.tomcat]")
    assert plan.reloads == 2
    assert plan.lines(retires=False)[-1].startswith("Nginx is reloaded twice, ")
    assert "may cut a request" in plan.lines(retires=False)[-1]


def test_domain_needs_one_reload_and_replaces_nothing() -> None:
    plan = one_change('["shop.example.com"]', '["shop.example.com", "b.example.com"]')
    assert (plan.replaced, plan.reloads) == ((), 1)


@pytest.mark.parametrize(
    ("section", "explanation"),
    [
        ('[apps.shop.health]\npath = "/up"', "applied at once"),
        ('[apps.shop.release]\ndrain = "5s"', "applied at once"),
        ('[apps.shop.build]\ntimeout = "5m"', "used from the next push or poll on"),
        ('[server]\nuser = "web"', "needs a restart of hookserver"),
        ('[docker]\nsubnet = "10.9.0.0/20"', "cannot change while apps run"),
    ],
)
def test_change_without_containers_is_explained(section: str, explanation: str) -> None:
    plan = planned(f"{BEFORE}\n{section}\n")
    assert plan.replaced == ()
    assert plan.reloads == 0
    assert explanation in plan.lines(retires=False)[1]


def test_secrets_are_compared_and_never_kept_or_shown() -> None:
    plan = planned(BEFORE.replace("secret-db", "secret-new").replace("secret-hook", "secret-other"))
    text = "\n".join(plan.lines(retires=False)) + json.dumps(plan.document(retires=False))
    assert "apps.shop.tomcat.env.DB_PASSWORD: a new secret" in text
    assert "apps.shop.webhook_secret: a new secret" in text
    assert "secret-" not in text.replace("a new secret", "")
    assert "secret-" not in json.dumps(record(read(BEFORE), SALT))


def test_changed_content_of_a_file_is_a_change(tmp_path: Path) -> None:
    file = tmp_path / "shop.env"
    file.write_text("A=1\n")
    text = BEFORE.replace("[apps.shop.tomcat]", f'[apps.shop.tomcat]\nenv_file = "{file}"')
    old = read(text)
    before, facts = live(old, "shop"), known(old)
    file.write_text("A=2\n")
    plan = make_plan(read(text), before, facts, {})
    assert [change.key for change in plan.changes["shop"]] == ["tomcat.env_file_content"]
    assert [one.app for one in plan.replaced] == ["shop"]


def test_app_that_is_not_live_uses_changes_from_its_next_push_on() -> None:
    text = BEFORE.replace("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    plan = planned(text, serving="")
    assert plan.replaced == ()
    assert "used from the next push or poll on" in plan.lines(retires=False)[1]


def test_locked_app_waits_for_its_unlock() -> None:
    text = BEFORE.replace("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    assert (
        "waits for the unlock (ann: stocktaking)" in planned(text, locks={"shop": "ann: stocktaking"}).lines(False)[-1]
    )


def test_removed_app_is_retired_only_on_request() -> None:
    plan = planned('[apps.new]\nrepository = "push"\ndomains = ["new.example.com"]\n')
    text = plan.lines(retires=False)
    assert "apps.shop was removed from the settings: it stays live; --yes retires it" in text
    assert planned("").is_empty(retires=False)
    assert not planned("").is_empty(retires=True)
    assert plan.document(retires=False)["retired"] == []
    assert plan.document(retires=True)["retired"] == ["shop"]
    assert any(line.startswith("apps.new is new") for line in text)


def test_release_without_recorded_settings_is_not_replaced() -> None:
    old = read(BEFORE)
    release = Release(7, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2)
    text = BEFORE.replace("[apps.shop.tomcat]", '[apps.shop.tomcat]\nmemory = "1g"')
    assert make_plan(read(text), {"shop": release}, known(old), {}).replaced == ()


def test_key_of_a_newer_hookserver_replaces_nothing() -> None:
    old = read(BEFORE)
    made_from: dict[str, Any] = record_app(old.apps["shop"], SALT)
    del made_from["tomcat"]["memory"]
    release = Release(7, "shop", "c" * 40, "sha256:1", Slot.BLUE, 2, settings=made_from)
    assert make_plan(old, {"shop": release}, known(old), {}).replaced == ()
