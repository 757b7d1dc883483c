"""Convert a WAR from ``javax.servlet`` to ``jakarta.servlet`` with Tomcat's own migration tool, in a build's container.

Maven fetches the tool into the app's cache, so a mirror in ``settings.xml``, ``ca_bundle`` and a proxy in the build's
environment apply as in a Maven build. The tool converts the same WAR to the same bytes, so unchanged libraries stay one
layer of the image. Source: https://tomcat.apache.org/download-migration.cgi
"""

from __future__ import annotations

import shutil
from dataclasses import replace

from hookserver.builders.job import BuildJob, War
from hookserver.builders.kinds.maven import CACHE, default_image, is_error
from hookserver.builders.running.container_build import build_in_container
from hookserver.builders.running.recipe import Recipe
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog
from hookserver.errors import BuildError

_VERSION = "1.0.9"
_FETCH = (
    "mvn -B -ntp -q org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy "
    f"-Dartifact=org.apache.tomcat:jakartaee-migration:{_VERSION}:jar:shaded -DoutputDirectory=/tmp/migration"
)
_TOOL = f"/tmp/migration/jakartaee-migration-{_VERSION}-shaded.jar"  # noqa: S108
# Java's default heap is 25 % of the memory limit: MaxRAMPercentage in java(1).
_CONVERT = f"mkdir migrated && java -XX:MaxRAMPercentage=60.0 -jar {_TOOL} app.war migrated/app.war && rm app.war"


def migrate(tools: BuildTools, job: BuildJob, war: War, log: DeployLog) -> War:
    """The converted WAR, in the job's work folder. Raises BuildError with the errors of Maven or the tool."""
    log.line(f"converting the WAR to jakarta.servlet, with Tomcat's migration tool {_VERSION}")
    folder = job.work / "migration"
    try:
        folder.mkdir()
        shutil.copyfile(war.path, folder / "app.war")
    except OSError as error:
        raise BuildError(f"the WAR cannot be copied: {error}", "Check the disk, then deploy again.") from error
    tools.containers.wait_removed()
    recipe = Recipe(
        image=war.maven or default_image,
        command=("sh", "-c", f"{_FETCH}{' -o' if job.app.build.offline else ''} && {_CONVERT}"),
        caches={"/root/.m2": CACHE.format(job.app.name)},
        folder="migrated",
        is_error=is_error,
    )
    return build_in_container(tools, replace(job, source=folder), recipe, log)
