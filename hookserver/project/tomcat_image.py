"""Chooses the images: a Tomcat with the app's servlet API, and a build tool with its Java level.

Each function returns the image's name, with the reason for it as its ``where``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hookserver.project.answers import Answers, is_contradictory, strong_api
from hookserver.project.findings import Build, Evidence, Project
from hookserver.project.java import JDKS, image_jdk

# The oldest Java of each Tomcat: https://tomcat.apache.org/whichversion.html
_TOMCATS = {"9.0": 8, "10.1": 11, "11.0": 17}
_LINES = {"javax": ("9.0",), "jakarta": ("10.1", "11.0")}
_DEFAULT_JAVA = 17
_GRADLES = {21: "8", 25: "9"}
"""The Gradle whose images have JDKs up to this one."""
# From this Gradle on, the oldest and the newest JDK: https://docs.gradle.org/current/userguide/compatibility.html
_GRADLE_RUNS_ON = (
    ((9, 1), 17, 25),
    ((9, 0), 17, 21),
    ((8, 5), 8, 21),
    ((7, 3), 8, 17),
    ((5, 0), 8, 11),
    ((0, 0), 8, 8),
)
_MAX_REASONS = 3


def tomcat_image(project: Project, answers: Answers, build: Build) -> Evidence | None:
    """The Tomcat with the servlet API, on the JDK of the Java level; None if the API is unknown."""
    if not answers.api:
        return None
    line, *newer = _LINES[answers.api]
    if newer and project.servlet and tuple(map(int, project.servlet.value.split("."))) >= (6, 1):
        line = newer[0]
    own = ".".join(build.tomcat.value.split(".")[:2]) if build.tomcat else ""
    why = [_why_api(project, answers)]
    if line == "11.0" and project.servlet:
        why.append(f"servlet {project.servlet.value}: {project.servlet.where}")
    if build.tomcat and own in _LINES[answers.api]:
        why.append(f"Tomcat {build.tomcat.value}: {build.tomcat.where}{f', not {line}' if own != line else ''}")
        line = own
    elif build.tomcat:
        why.append(f"BUT {build.tomcat.where} says Tomcat {build.tomcat.value}")
    level = int(answers.java or _DEFAULT_JAVA)
    why.append(_why_java(answers, build))
    return Evidence(f"tomcat:{line}-jdk{image_jdk(level, _TOMCATS[line])}-temurin", "; ".join(why))


def maven_image(answers: Answers, build: Build) -> Evidence:
    """A Maven on the JDK of the Java level, or on the newer one that the build needs."""
    level, why = _builder_level(answers, build)
    # javac has --release since JDK 9 (JEP 247)
    by_release = bool(build.java) and "release" in build.java[0].where.partition(" in ")[0]
    return Evidence(f"maven:3.9-eclipse-temurin-{image_jdk(level, 11 if by_release else 8)}", why)


def gradle_image(answers: Answers, build: Build) -> Evidence:
    """A Gradle on the JDK of the Java level, or on the nearest JDK that runs the build's own Gradle."""
    level, why = _builder_level(answers, build)
    tool, wanted = build.builder_tool, image_jdk(level)
    java = _nearest_jdk(tool.value, wanted) if tool else wanted
    if tool and java != wanted:
        why = f"{tool.where}; Gradle {tool.value} does not run on Java {wanted}"
    toolchain = build.builder_java
    if toolchain and int(toolchain.value) != java:
        why += (
            f". BUT the build itself needs Java {toolchain.value} ({toolchain.where}), which this image does not have: "
            "let Gradle download it, or change one of the two"
        )
    elif java < wanted:
        why += f". BUT Java {java} cannot compile for Java {level}: the project needs a newer Gradle"
    gradle = tool.value if tool and not build.wrapper else next(has for jdk, has in _GRADLES.items() if jdk >= java)
    return Evidence(f"gradle:{gradle}-jdk{java}", why)


def ant_image(answers: Answers, build: Build) -> Evidence:
    """An Ant on the JDK of the Java level."""
    return Evidence(f"ant:1.10-jdk{image_jdk(int(answers.java or _DEFAULT_JAVA))}", _why_java(answers, build))


BUILDER_IMAGES: Mapping[str, Callable[[Answers, Build], Evidence]] = {
    "ant": ant_image,
    "gradle": gradle_image,
    "maven": maven_image,
}
"""The function that chooses the builder image, by the kind of build."""


def _builder_level(answers: Answers, build: Build) -> tuple[int, str]:
    level, own = int(answers.java or _DEFAULT_JAVA), build.builder_java
    if own and int(own.value) > level:
        return int(own.value), f"Java {own.value}: {own.where}"
    return level, _why_java(answers, build)


def _nearest_jdk(gradle: str, wanted: int) -> int:
    version = tuple(int(part) for part in f"{gradle}.0".split(".")[:2])
    oldest, newest = next((oldest, newest) for since, oldest, newest in _GRADLE_RUNS_ON if version >= since)
    return min(max(wanted, oldest), newest)


def _why_api(project: Project, answers: Answers) -> str:
    evidence = strong_api(project)
    why = (
        f"{answers.api}: {_listed([found.where for found in evidence if found.value == answers.api]) or 'your answer'}"
    )
    if is_contradictory(project):
        others = _listed([found.where for found in evidence if found.value != answers.api])
        why += f". BUT the other API is {others}: one of them fails at run time"
    return why


def _why_java(answers: Answers, build: Build) -> str:
    if not answers.java:
        return f"Java {_DEFAULT_JAVA} is a guess: no level was found"
    level = next((found for found in build.java if found.value == answers.java), None)
    why = f"Java {answers.java}: {level.where if level else 'your answer'}"
    if int(answers.java) > JDKS[-1]:
        why += f", newer than the newest image, {JDKS[-1]}"
    others = [f"{found.value} ({found.where})" for found in build.java if found is not level]
    return f"{why}; also {_listed(others)}" if others and level else why


def _listed(reasons: list[str]) -> str:
    more = f" and {len(reasons) - _MAX_REASONS} more" if len(reasons) > _MAX_REASONS else ""
    return ", ".join(reasons[:_MAX_REASONS]) + more
