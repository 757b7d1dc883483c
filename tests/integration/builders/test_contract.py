"""Docker keeps the contract of the pipeline's images."""

from __future__ import annotations

from hookserver.deploy_log import DeployLog
from tests.contracts import keeps_the_images_contract
from tests.integration.builders.conftest import BuildSite, war


def test_docker_keeps_the_contract_of_images(site: BuildSite) -> None:
    product = war({"WEB-INF/web.xml": "<web-app/>", "index.html": "contract"})
    job = site.job({"shop.war": product}, build={"kind": "war", "war": "shop.war"}, image=f"hookserver-test/{site.app}")
    site.images.prune(job.app, set())  # of the tests before
    log = DeployLog(site.log_file(job))
    try:
        keeps_the_images_contract(site.images, job, log)
    finally:
        log.close()
