from __future__ import annotations

from pathlib import Path

from tests.shop import Gate, assert_invariants, installed
from tests.shop.wars import ANSWERS_SLOWLY
from tests.waiting import until

APP = "it-hang"


def test_hanging_docker_delays_the_deploy_with_a_message_and_loses_no_push(
    tmp_path: Path,
) -> None:
    place = str(tmp_path / "docker.sock")
    with (
        Gate(place, "/var/run/docker.sock").standing() as line,
        installed("172.30.179.0/24", f"unix://{place}") as site,
    ):
        project = site.add_app(APP)
        site.start()
        project.release("one")
        site.ended(project.push().deploy)
        with site.visitors(APP) as visitors:
            project.release("two", health=ANSWERS_SLOWLY)
            before = site.latest(APP)
            pushing = project.push_in_background()
            number = until(lambda: site.latest(APP) if site.latest(APP) > before else 0)
            site.reached(number, "check")
            line.hold()
            answers = [site.ask("POST", f"/api/v1/apps/{APP}/deploys", {}) for _ in range(10)]
            assert {answer.status for answer in answers} == {202}
            assert max(answer.seconds for answer in answers) < 1
            until(lambda: "did not answer within" in site.log(number), 60)
            assert visitors.versions == {"one"}
            line.release()
            project.finish(pushing)
            until(lambda: not site.store.in_progress() and site.store.deploys(APP, 1)[0].status.is_over, 120)
        assert site.visit(APP).text == "two"
        assert_invariants(site, APP, project.tip(), visitors)
