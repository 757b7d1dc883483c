"""A push goes live: the whole way, with real parts, under visitors."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import time
from contextlib import ExitStack

import pytest

from hookserver.addresses import endpoints, subnet_of
from hookserver.engine.network import network_name
from tests.integration.conftest import Place
from tests.shop import Answer, Installation, ShopProject, assert_invariants
from tests.shop.installation import CANARY
from tests.shop.invariants import assert_no_loss, assert_switched_once
from tests.shop.wars import ANSWERS_500
from tests.waiting import until

BASE = "tomcat:10.1-jdk17-temurin"


@pytest.fixture(scope="module")
def live(place: Place) -> Place:
    """The shop is live with three releases: ``one`` is retired, ``two`` stands by, ``three`` serves."""
    for version in ("one", "two", "three"):
        place.shop.release(version)
        place.site.ended(place.shop.push().deploy)
    return place


@pytest.fixture(scope="module")
def neighbour(place: Place) -> ShopProject:
    """The other app is live, too."""
    place.other.release("steady")
    place.site.ended(place.other.push().deploy)
    return place.other


def test_broken_first_deploy_leaves_503_and_the_next_push_goes_live(place: Place) -> None:
    site, first = place.site, place.first
    first.release("one", health=ANSWERS_500)
    pushed = first.push()
    deploy = site.ended(pushed.deploy)
    assert site.visit("it-first").status == 503
    for text in (deploy["reason"], site.log(pushed.deploy), pushed.output):
        assert "answered 500" in text
    assert deploy["status"] == "failed"
    first.release("two")
    pushed = first.push()
    assert "is live" in pushed.output
    site.ended(pushed.deploy)
    assert site.visit("it-first").text == "two"
    assert_invariants(site, "it-first", first.tip())


def test_push_under_load_goes_live_without_one_failed_request(live: Place) -> None:
    site, shop = live.site, live.shop
    before = site.visit("it-shop").text
    with site.visitors("it-shop") as visitors:
        shop.release("four")
        pushed = shop.push()
        site.ended(pushed.deploy)
    assert_switched_once(site, pushed.deploy, visitors, before, "four")
    assert_invariants(site, "it-shop", shop.tip(), visitors)


def test_deploy_of_an_app_costs_another_one_no_request(live: Place, neighbour: ShopProject) -> None:
    site = live.site
    before = site.visit(neighbour.app).text
    with site.visitors(neighbour.app) as neighbours, site.visitors("it-shop") as visitors:
        live.shop.release("five")
        site.ended(live.shop.push().deploy)
    assert neighbours.versions == {before}
    assert_no_loss(neighbours)
    assert_invariants(site, "it-shop", live.shop.tip(), visitors)


def test_rollback_to_the_standby_is_quick_and_the_poll_does_not_undo_it(live: Place) -> None:
    site, shop = live.site, live.shop
    before = site.visit("it-shop").text
    old = shop.tip()
    shop.release("to be sent back")
    site.ended(shop.push().deploy)
    with site.visitors("it-shop") as visitors:
        answer = site.ask("POST", "/api/v1/apps/it-shop/rollback?wait=1", {})
        assert (answer.status, answer.json["status"]) == (200, "live")
        assert answer.seconds < 1.5
        number = answer.json["deploy"]
        site.ended(number)
    assert [step["step"] for step in site.deploy(number)["steps"]] == ["switch", "drain"]
    assert_switched_once(site, number, visitors, "to be sent back", before)
    site.wait_for_polls("it-shop")
    assert site.latest("it-shop") == number
    assert_invariants(site, "it-shop", old, visitors)


def test_rollback_to_a_retired_release_starts_its_image_again(live: Place) -> None:
    site = live.site
    target = next(one for one in site.store.releases("it-shop") if one.retired_at is not None)
    before = site.visit("it-shop").text
    with site.visitors("it-shop") as visitors:
        answer = site.ask("POST", "/api/v1/apps/it-shop/rollback?wait=1", {"to": target.deploy})
        assert answer.status == 200, answer.text
        site.ended(answer.json["deploy"])
    steps = [step["step"] for step in site.deploy(answer.json["deploy"])["steps"]]
    assert steps == ["start", "check", "switch", "drain"]
    assert_switched_once(site, answer.json["deploy"], visitors, before, site.visit("it-shop").text)
    assert_invariants(site, "it-shop", target.commit, visitors)


def test_rollback_without_its_image_is_refused_and_the_live_release_stays(live: Place) -> None:
    site = live.site
    serving = site.store.release(site.store.app("it-shop").live or 0)
    assert serving
    in_use = {one.image for one in site.store.releases("it-shop") if one.retired_at is None}
    target = next(one for one in site.store.releases("it-shop") if one.image not in in_use)
    site.docker.images.remove(target.image, force=True)
    answer = site.ask("POST", "/api/v1/apps/it-shop/rollback?wait=1", {"to": target.deploy})
    assert answer.status == 422
    assert "image" in answer.json["detail"]
    assert "was removed" in answer.json["detail"]
    assert_invariants(site, "it-shop", serving.commit)


def test_exact_commit_is_deployed_and_the_poll_does_not_undo_it(live: Place) -> None:
    site, shop = live.site, live.shop
    wanted = shop.release("wanted")
    shop.release("newer")
    site.ended(shop.push().deploy)
    answer = site.ask("POST", "/api/v1/apps/it-shop/deploys?wait=1", {"commit": wanted[:10]})
    assert answer.status == 200, answer.text
    site.ended(answer.json["deploy"])
    assert site.visit("it-shop").text == "wanted"
    site.wait_for_polls("it-shop")
    assert site.latest("it-shop") == answer.json["deploy"]
    assert_invariants(site, "it-shop", wanted)


def test_wait_answers_at_the_end_and_follow_streams_the_log(place: Place, neighbour: ShopProject) -> None:
    site = place.site
    before = site.visit("it-other").text
    good = site.ask("POST", "/api/v1/apps/it-other/deploys?wait=1", {"rebuild": True})
    assert (good.status, good.json["status"]) == (200, "live")
    followed = site.ask("POST", "/api/v1/apps/it-other/deploys?follow=1", {})
    assert followed.text.splitlines()[-1] == "live"
    assert "-----> Checking health" in followed.text
    site.ended(site.latest("it-other"))
    neighbour.commit({"app.war": "not a zip"})
    neighbour.push()
    bad = site.ask("POST", "/api/v1/apps/it-other/deploys?wait=1", {})
    assert bad.status == 422
    assert bad.json["detail"].startswith("failed: ")
    followed = site.ask("POST", "/api/v1/apps/it-other/deploys?follow=1", {})
    assert followed.text.splitlines()[-1].startswith("failed: ")
    assert site.visit("it-other").text == before


def test_cancelled_build_is_gone_within_two_seconds_and_the_next_push_goes_live(place: Place) -> None:
    site, script = place.site, place.script
    script.release("endless", build_seconds=300)
    pushing = script.push_in_background()
    until(lambda: [one for one in site.containers("build") if one.status == "running"])
    number = site.latest("it-script")
    began = time.monotonic()
    assert site.ask("POST", f"/api/v1/deploys/{number}/cancel", {}).status == 202
    until(lambda: site.deploy(number)["status"] == "cancelled" and not site.containers("build"), 2)
    assert time.monotonic() - began < 2
    assert "cancelled" in script.finish(pushing).output
    script.release("next")
    pushed = script.push()
    site.ended(pushed.deploy)
    assert_invariants(site, "it-script", script.tip())


def test_pushes_during_a_build_supersede_each_other_and_the_newest_goes_live(place: Place) -> None:
    site, script = place.site, place.script
    with ExitStack() as pushes:
        numbers = []
        for version, seconds in (("slow", 3), ("skipped", 0), ("newest", 0)):
            script.release(version, build_seconds=seconds)
            before = site.latest("it-script")
            pushes.enter_context(script.push_in_background())
            until(lambda before=before: site.latest("it-script") > before)  # type: ignore[misc]
            numbers.append(site.latest("it-script"))
            if version == "slow":
                site.reached(numbers[0], "build")
        first, skipped, newest = (site.ended(number) for number in numbers)
    assert first["status"] == newest["status"] == "live"
    assert (skipped["status"], skipped["superseded_by"]) == ("superseded", numbers[2])
    assert site.visit("it-script").text == "newest"
    assert_invariants(site, "it-script", script.tip())


def test_locked_apps_push_waits_for_the_unlock(place: Place) -> None:
    site, script = place.site, place.script
    assert site.ask("PUT", "/api/v1/apps/it-script/lock", {"reason": "stocktaking"}).status == 200
    script.release("locked out")
    pushed = script.push()
    assert "locked by test: stocktaking; the deploy waits for the unlock" in pushed.output
    assert site.command("deploy", "it-script").returncode == 5
    place.other.release("while the neighbour is locked")
    assert site.ended(place.other.push().deploy)["status"] == "live"  # the worker has read the queue
    assert site.deploy(pushed.deploy)["status"] == "queued"
    assert site.ask("DELETE", "/api/v1/apps/it-script/lock").status == 200
    assert site.ended(pushed.deploy)["status"] == "live"
    assert_invariants(site, "it-script", script.tip())


def test_ctrl_c_ends_the_log_and_the_deploy_continues(place: Place) -> None:
    site, script = place.site, place.script
    before = site.latest("it-script")
    script.release("detached", build_seconds=4)
    pushing = script.push_in_background()
    number = until(lambda: site.latest("it-script") if site.latest("it-script") > before else 0)
    site.reached(number, "build")
    os.killpg(pushing.pid, signal.SIGINT)
    pushing.communicate(timeout=10)
    assert site.deploy(number)["status"] == "running"
    assert site.ended(number)["status"] == "live"
    assert site.visit("it-script").text == "detached"


def send_webhook(site: Installation, delivery: str) -> Answer:
    """GitHub's push of main, signed."""
    content = json.dumps({"ref": "refs/heads/main", "after": "0" * 39 + "1", "deleted": False}).encode()
    headers = {
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={hmac.new(f'{CANARY}-hook'.encode(), content, hashlib.sha256).hexdigest()}",
        "Content-Type": "application/json",
    }
    return site.ask("POST", "/hooks/it-shop", content, headers)


def test_repeated_delivery_deploys_once(live: Place) -> None:
    site, delivery = live.site, "72d3162e-cc78-11e3-81ab-4c9367dc0958"
    live.shop.release("delivered twice")
    site.ended(live.shop.push().deploy)
    first = send_webhook(site, delivery)
    assert (first.status, first.json["status"]) == (202, "queued")
    site.ended(first.json["deploy"])
    again = send_webhook(site, delivery)
    assert (again.status, again.json["status"], again.json["deploy"]) == (200, "duplicate", first.json["deploy"])
    assert_invariants(site, "it-shop", live.shop.tip())


def test_delivery_with_another_id_does_not_undo_a_rollback(live: Place) -> None:
    site, old = live.site, live.shop.release("to be kept")
    site.ended(live.shop.push().deploy)
    live.shop.release("to be rolled back")
    site.ended(live.shop.push().deploy)
    rollback = site.ask("POST", "/api/v1/apps/it-shop/rollback?wait=1", {})
    assert rollback.json["status"] == "live"
    site.ended(rollback.json["deploy"])
    again = send_webhook(site, "recorded-and-sent-again")
    assert (again.status, again.json["status"]) == (202, "queued")
    ended = site.ended(again.json["deploy"])
    assert ended["status"] == "cancelled"
    assert f"was live until deploy {rollback.json['deploy']} replaced it" in ended["reason"]
    assert_invariants(site, "it-shop", old)


@pytest.mark.parametrize("wanted", ["name", "address"])
def test_foreign_container_with_a_conflicting_name_is_reported_and_kept(
    place: Place, neighbour: ShopProject, wanted: str
) -> None:
    site = place.site
    release = site.store.release(site.store.app("it-other").live or 0)
    assert release
    slot = release.slot.other
    for standby in site.containers(app="it-other"):
        if standby.labels["hookserver.slot"] == slot:
            standby.remove(force=True)
    name = f"hs-it-other-{slot}-1" if wanted == "name" else "it-foreign"
    foreign = site.docker.containers.create(BASE, ["sleep", "300"], name=name, entrypoint=[])
    try:
        if wanted == "address":
            docker = site.settings.docker
            wanted_place = endpoints(docker, "it-other", site.store.app("it-other").number, slot, 1)[0]
            network = site.docker.networks.get(network_name(subnet_of(wanted_place)))
            network.connect(foreign, ipv4_address=wanted_place.host)
        foreign.start()
        neighbour.release(f"after the foreign {wanted}")
        pushed = neighbour.push()
        deploy = site.ended(pushed.deploy)
        assert deploy["status"] == "failed"
        assert name in deploy["reason"]
        assert name in pushed.output
        foreign.reload()
        assert foreign.status == "running"
    finally:
        foreign.remove(force=True)
    answer = site.ask("POST", "/api/v1/apps/it-other/deploys?wait=1", {})
    assert answer.status == 200, answer.text
    site.ended(answer.json["deploy"])
    assert_invariants(site, "it-other", neighbour.tip())
