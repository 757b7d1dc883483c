"""Changed settings are applied by a running hookserver."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.shop import Installation, ShopProject, assert_invariants, installed
from tests.shop.invariants import assert_no_loss
from tests.shop.visitors import Visitors
from tests.waiting import until

SHOP, BLOG = "ia-shop", "ia-blog"


@dataclass(frozen=True)
class ApplyPlace:
    """The installation and its two apps' projects."""

    site: Installation
    shop: ShopProject
    blog: ShopProject

    def change(self, app: str, old: str, new: str) -> None:
        """In the file, in the part of the app."""
        assert old in self.site.apps[app], f"{old!r} is not in {self.site.apps[app]}"
        self.site.apps[app] = self.site.apps[app].replace(old, new)
        self.site.write_settings()

    def apply(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.site.command("apply", *(arguments or ("--yes",)))

    def applied(self) -> str:
        """The output of a successful `hookserver apply`."""
        done = self.apply()
        assert done.returncode == 0, done.stdout + done.stderr + (self.site.folder / "up.log").read_text()[-3000:]
        for app in self.site.settings.apps:
            if number := self.site.latest(app):
                self.site.ended(number)
        return done.stdout

    def replicas(self, app: str) -> list[Any]:
        """The containers that serve."""
        slot = self.site.live_slot(app)
        return [one for one in self.site.containers(app=app) if one.labels["hookserver.slot"] == slot]


@pytest.fixture(scope="module")
def place() -> Iterator[ApplyPlace]:
    with installed("172.30.187.0/24") as site:
        made = ApplyPlace(site, site.add_app(SHOP, release='standby = "3s"'), site.add_app(BLOG))
        site.start()
        for project in (made.shop, made.blog):
            project.release("one")
            site.ended(project.push().deploy)
        yield made


def lost_but_for_reloads(visitors: Visitors, reloads: int) -> None:
    """A reload may cut a request on each kept connection; no new one is lost, and nobody sees an error page."""
    assert visitors.visits
    assert not any(visit.is_new for visit in visitors.failed), visitors.failed
    assert len(visitors.failed) <= reloads * visitors.kept, visitors.failed
    assert all("200" not in visit.problem and ": 5" not in visit.problem for visit in visitors.failed), visitors.failed


def test_unchanged_settings_do_nothing(place: ApplyPlace) -> None:
    assert place.applied() == "nothing to do: these settings are applied\n"


def test_plan_is_only_shown_without_yes_and_terminal(place: ApplyPlace) -> None:
    place.change(SHOP, 'memory = "192m"', 'memory = "224m"')
    for arguments, code in ((("--dry-run",), 0), (("--json", "--dry-run"), 0), (("--json",), 5)):
        done = place.apply(*arguments)
        assert done.returncode == code, done.stderr
    plan = json.loads(done.stdout)
    assert plan["replaced"] == [SHOP]
    assert plan["changes"] == [
        {"key": f"apps.{SHOP}.tomcat.memory", "before": '"192m"', "after": '"224m"', "effect": "replace"}
    ]
    place.change(SHOP, 'memory = "224m"', 'memory = "192m"')
    assert place.applied().startswith("nothing to do")


def test_other_number_of_replicas_costs_no_more_than_the_reloads(place: ApplyPlace) -> None:
    site = place.site
    with site.visitors(SHOP) as visitors, site.visitors(BLOG) as neighbours:
        for number in (2, 1):
            old = site.settings.apps[SHOP].replicas
            place.change(SHOP, f"replicas = {old}", f"replicas = {number}")
            output = place.applied()
            assert f"apps.{SHOP}.replicas: {old} → {number}" in output
            assert len(place.replicas(SHOP)) == number
            until(lambda: not site.store.standbys(), 30, "the end of the standby")
    assert visitors.versions == {"one"}
    lost_but_for_reloads(visitors, 4)
    lost_but_for_reloads(neighbours, 4)
    assert_invariants(site, SHOP, place.shop.tip())


def test_changed_memory_and_environment_replace_the_replicas_without_a_lost_request(place: ApplyPlace) -> None:
    site = place.site
    before = site.store.live_release(SHOP)
    place.change(SHOP, 'memory = "192m"', 'memory = "208m"')
    place.change(SHOP, "-run", "-other-run")
    with site.visitors(SHOP) as visitors, site.visitors(BLOG) as neighbours:
        output = place.applied()
    assert f'apps.{SHOP}.tomcat.memory: "192m" → "208m"' in output
    assert f"apps.{SHOP}.tomcat.env.DB_PASSWORD: a new secret" in output
    (replica,) = place.replicas(SHOP)
    assert replica.attrs["HostConfig"]["Memory"] == 208 << 20
    assert any(entry.endswith("-other-run") for entry in replica.attrs["Config"]["Env"])
    after = site.store.live_release(SHOP)
    assert before
    assert after
    assert (after.image, after.commit, after.slot) == (before.image, before.commit, before.slot.other)
    deploy = site.deploy(after.deploy)
    assert (deploy["trigger"], deploy["status"]) == ("settings", "live")
    assert [step["step"] for step in deploy["steps"]] == ["start", "check", "switch", "drain"]
    assert_no_loss(visitors)
    assert_no_loss(neighbours)
    assert_invariants(site, SHOP, place.shop.tip())


def test_domain_is_added_with_a_reload_and_no_new_replicas(place: ApplyPlace) -> None:
    site = place.site
    before = site.store.live_release(BLOG)
    place.change(BLOG, f'domains = ["{BLOG}.test"]', f'domains = ["{BLOG}.test", "news.test"]')
    output = place.applied()
    assert "Nginx is reloaded once" in output
    assert site.visit("news").text == "one"
    assert site.store.live_release(BLOG) == before


def test_changed_health_settings_apply_at_once_in_worker_and_web(place: ApplyPlace) -> None:
    site = place.site
    place.change(BLOG, 'path = "/health"', 'path = "/"')
    place.change(BLOG, '-hook"', '-another-hook"')
    assert "applied at once" in place.applied()
    place.blog.release("two")
    pushed = place.blog.push()
    site.ended(pushed.deploy)
    assert site.visit(BLOG).text == "two"
    assert_invariants(site, BLOG, place.blog.tip())


def test_file_with_mistakes_is_refused_with_all_of_them(place: ApplyPlace) -> None:
    good = place.site.config.read_text()
    place.site.config.write_text(
        good.replace("replicas = 1", "replicas = 99").replace("[docker]", "[docker]\nhots = 1")
    )
    done = place.apply()
    place.site.config.write_text(good)
    assert done.returncode == 4
    for mistake in ("hots", f"apps.{SHOP}.replicas", f"apps.{BLOG}.replicas"):
        assert mistake in done.stderr
    assert place.site.visit(SHOP).status == 200


def test_old_replicas_go_on_serving_when_the_new_ones_are_not_healthy(place: ApplyPlace) -> None:
    site = place.site
    before = site.store.live_release(SHOP)
    place.change(SHOP, "-XX:+UseSerialGC", "-XX:+NoSuchOption")
    with site.visitors(SHOP) as visitors:
        done = place.apply("--yes")
        site.ended(site.latest(SHOP))
    assert done.returncode == 6
    assert "NoSuchOption" in done.stderr
    assert site.store.live_release(SHOP) == before
    assert_no_loss(visitors)
    assert_invariants(site, SHOP, place.shop.tip())
    place.change(SHOP, "-XX:+NoSuchOption", "-XX:+UseSerialGC")
    assert place.applied().endswith("applied at once; nothing is replaced\n")


def test_killed_worker_applies_the_settings_after_its_restart(place: ApplyPlace) -> None:
    site = place.site
    place.change(SHOP, 'memory = "208m"', 'memory = "216m"')
    with site.visitors(SHOP) as visitors:
        newest = site.latest(SHOP)
        line = [sys.executable, "-m", "hookserver", "--config", str(site.config), "apply", "--yes"]
        with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as applying:
            number = until(lambda: site.latest(SHOP) if site.latest(SHOP) > newest else 0)
            site.reached(number, "check")
            site.processes.kill(site.processes.worker())
            assert applying.wait(120) == 0
        site.ended(site.latest(SHOP))
    (replica,) = place.replicas(SHOP)
    assert replica.attrs["HostConfig"]["Memory"] == 216 << 20
    assert_invariants(site, SHOP, place.shop.tip(), visitors)


def test_changes_while_hookserver_is_down_are_applied_at_its_start(place: ApplyPlace) -> None:
    site = place.site
    site.stop()
    place.change(SHOP, 'memory = "216m"', 'memory = "192m"')
    newest = site.latest(SHOP)
    with site.visitors(SHOP) as visitors:
        site.start()
        until(lambda: site.latest(SHOP) > newest)
        site.ended(site.latest(SHOP))
    (replica,) = place.replicas(SHOP)
    assert replica.attrs["HostConfig"]["Memory"] == 192 << 20
    assert_invariants(site, SHOP, place.shop.tip(), visitors)


def test_removed_app_stays_live_until_yes_retires_it_and_can_come_back(place: ApplyPlace) -> None:
    site = place.site
    gone = site.apps.pop(BLOG)
    site.write_settings()
    done = place.apply("--dry-run")
    assert f"apps.{BLOG} was removed from the settings: it stays live; --yes retires it" in done.stdout
    site.stop()
    site.start()
    until(lambda: f"apps.{BLOG} was removed from the settings" in (site.folder / "up.log").read_text())
    assert site.visit(BLOG).text == "two"
    with site.visitors(SHOP) as visitors:
        assert "is retired" in place.applied()
    lost_but_for_reloads(visitors, 1)
    assert site.visit(BLOG).status == 404
    assert site.containers(app=BLOG) == []
    assert site.store.app(BLOG).live is None
    site.apps[BLOG] = gone
    site.write_settings()
    assert f"apps.{BLOG} is new" in place.applied()
    place.blog.release("back again")
    pushed = place.blog.push()
    assert pushed.deploy, pushed.output
    site.ended(pushed.deploy)
    assert site.visit(BLOG).text == "back again"
    assert_invariants(site, BLOG, place.blog.tip())


def test_new_path_answers_from_the_switch_on_and_the_old_one_until_then(place: ApplyPlace) -> None:
    site = place.site
    place.change(BLOG, 'path = "/"', 'path = "/news/"')
    place.change(BLOG, "webhook_secret", 'path = "/news"\nwebhook_secret')
    with site.visitors(BLOG) as visitors:
        assert "its image is rebuilt" in place.applied()
    live = site.store.live_release(BLOG)
    assert live
    switching = next(step for step in site.store.steps(live.deploy) if step.step == "switch")
    assert visitors.failed, "nobody asks for the old path any more"
    assert min(visit.answered for visit in visitors.failed) >= switching.started_at
    assert site.visit(BLOG, "/news/").text == "back again"
