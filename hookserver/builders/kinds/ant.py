"""Ant projects: the builder image's Ant runs the default target of their ``build.xml``."""

from __future__ import annotations

import re
from pathlib import Path

from hookserver.builders.job import BuildJob, War
from hookserver.builders.running import source as sources
from hookserver.builders.running.container_build import build_in_container
from hookserver.builders.running.recipe import Recipe
from hookserver.builders.running.tools import BuildTools
from hookserver.deploy_log import DeployLog

recognised_by = "a build.xml (ant)"
default_image = "ant:1.10-jdk17"
brings_server = False

# javac's errors come through the task's prefix ("    [javac] Cart.java:1: error: …"), Ant's own name the build file
# ("build.xml:3: …"): https://ant.apache.org/manual/listeners.html
_ERROR = re.compile(r"\s*\[\w+\] (?:error: |.*: error: |.*(?:symbol|location): )|.*\.xml:\d+: |Buildfile: .* does not")


def recognise(source: Path) -> str:
    """Fits a source with a ``build.xml`` in its top folder."""
    return "build.xml" if sources.find_file(source, "build.xml") else ""


def fingerprint(job: BuildJob) -> str:
    """Empty: the product depends on nothing but the commit and the settings."""
    del job
    return ""


def make(tools: BuildTools, job: BuildJob, log: DeployLog) -> War:
    """Run the default target in a container; Ivy's cache is in the app's own volume.

    Raises BuildError with Ant's errors.
    """
    build = job.app.build
    # -noinput: an <input> task fails at once instead of waiting: https://ant.apache.org/manual/running.html
    command = build.command or ("ant", "-noinput")
    log.line(f"$ {' '.join(command)}")
    recipe = Recipe(
        image=build.image or default_image,
        command=command,
        # Ivy's default cache is ~/.ivy2/cache: https://ant.apache.org/ivy/history/latest-milestone/settings/caches.html
        caches={"/root/.ivy2": f"hookserver-{job.app.name}-ivy"},
        folder="",
        is_error=is_error,
        heading="BUILD FAILED",
        war=build.war,
        env={"ANT_OPTS": "-XX:MaxRAMPercentage=60.0"},
    )
    return build_in_container(tools, job, recipe, log)


def is_error(line: str) -> bool:
    """Whether a line of Ant's output is an error."""
    return _ERROR.match(line) is not None
