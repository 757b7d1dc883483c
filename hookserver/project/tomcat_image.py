"""Which Tomcat and which Java: the names of the images that fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hookserver.project.answers import Answers, is_contradictory, strong_api
from hookserver.project.findings import Build, Project
from hookserver.project.java import JDKS, image_jdk

_NEEDS = {"9.0": 8, "10.1": 11, "11.0": 17}
_USUAL = 17
_GRADLES = {21: "8", 25: "9"}
"""The Gradle of an image that goes up to this JDK."""
_GRADLE_RUNS_ON = (
    ((9, 1), 17, 25),
    ((9, 0), 17, 21),
    ((8, 5), 8, 21),
    ((7, 3), 8, 17),
    ((5, 0), 8, 11),
    ((0, 0), 8, 8),
)
"""From which Gradle on which JDKs of images run it, the oldest and the newest, as its compatibility matrix has it."""
_SHOWN = 3


@dataclass(frozen=True)
class ImageChoice:
    """An image's name, and why it is that one."""

    image: str
    why: str


def tomcat_image(project: Project, answers: Answers, build: Build) -> ImageChoice | None:
    """The line that has the servlet API, on the Java level's JDK; None when nobody knows the API."""
    if not answers.api:
        return None
    line = "9.0" if answers.api == "javax" else "10.1"
    if answers.api == "jakarta" and project.servlet and tuple(map(int, project.servlet.value.split("."))) >= (6, 1):
        line = "11.0"
    own = _own_line(build)
    why = [_why_api(project, answers)]
    if line == "11.0" and project.servlet:
        why.append(f"servlet {project.servlet.value}: {project.servlet.where}")
    if build.tomcat and own and (own == "9.0") == (answers.api == "javax"):
        why.append(f"Tomcat {build.tomcat.value}: {build.tomcat.where}{f', not {line}' if own != line else ''}")
        line = own
    elif build.tomcat:
        why.append(f"BUT {build.tomcat.where} says Tomcat {build.tomcat.value}")
    level = int(answers.java or _USUAL)
    why.append(_why_java(answers, build))
    return ImageChoice(f"tomcat:{line}-jdk{image_jdk(level, _NEEDS[line])}-temurin", "; ".join(why))


def _own_line(build: Build) -> str:
    """The line of the Tomcat that the project itself names, where that is one of those proposed."""
    named = ".".join(build.tomcat.value.split(".")[:2]) if build.tomcat else ""
    return named if named in _NEEDS else ""


def maven_image(answers: Answers, build: Build) -> ImageChoice:
    """A Maven on the level's JDK, or on the newer one that the build asks for; javac 8 knows no ``release``."""
    level = int(answers.java or _USUAL)
    why = _why_java(answers, build)
    if build.builder_java and int(build.builder_java.value) > level:
        level, why = int(build.builder_java.value), f"Java {build.builder_java.value}: {build.builder_java.where}"
    by_release = bool(build.java) and "release" in build.java[0].where.partition(" in ")[0]
    return ImageChoice(f"maven:3.9-eclipse-temurin-{image_jdk(level, 11 if by_release else 8)}", why)


def gradle_image(answers: Answers, build: Build) -> ImageChoice:
    """A Gradle on the level's JDK, or on the nearest one that the build's own Gradle runs on."""
    level, why = int(answers.java or _USUAL), _why_java(answers, build)
    if build.builder_java and int(build.builder_java.value) > level:
        level, why = int(build.builder_java.value), f"Java {build.builder_java.value}: {build.builder_java.where}"
    tool, wanted = build.builder_tool, image_jdk(level)
    java = _runs(tool.value, wanted) if tool else wanted
    if tool and java != wanted:
        why = f"{tool.where}; Gradle {tool.value} does not run on Java {wanted}"
    toolchain = build.builder_java
    if toolchain and int(toolchain.value) != java:
        why += f". BUT the build wants Java {toolchain.value} itself ({toolchain.where}), which is not in this image: "
        why += "Gradle has to download it, or one of the two has to change"
    elif java < wanted:
        why += f". BUT Java {java} makes nothing for Java {level}: the project needs a newer Gradle"
    gradle = tool.value if tool and not build.wrapper else next(has for jdk, has in _GRADLES.items() if jdk >= java)
    return ImageChoice(f"gradle:{gradle}-jdk{java}", why)


def ant_image(answers: Answers, build: Build) -> ImageChoice:
    """An Ant on the level's JDK."""
    return ImageChoice(f"ant:1.10-jdk{image_jdk(int(answers.java or _USUAL))}", _why_java(answers, build))


BUILDER_IMAGES: Mapping[str, Callable[[Answers, Build], ImageChoice]] = {
    "ant": ant_image,
    "gradle": gradle_image,
    "maven": maven_image,
}
"""What chooses the image that a kind of build runs in."""


def _runs(gradle: str, wanted: int) -> int:
    """The JDK nearest to the one that is wanted that a Gradle runs on."""
    version = tuple(int(part) for part in f"{gradle}.0".split(".")[:2])
    oldest, newest = next((oldest, newest) for since, oldest, newest in _GRADLE_RUNS_ON if version >= since)
    return min(max(wanted, oldest), newest)


def _why_api(project: Project, answers: Answers) -> str:
    speaking = [found.where for found in strong_api(project) if found.value == answers.api]
    against = [found.where for found in strong_api(project) if found.value != answers.api]
    why = f"{answers.api}: {_listed(speaking) or 'as you said'}"
    if is_contradictory(project):
        why += f". BUT the other is {_listed(against)}: one of them fails at run time"
    return why


def _why_java(answers: Answers, build: Build) -> str:
    if not answers.java:
        return f"Java {_USUAL} is a guess: no level was found"
    level = next((found for found in build.java if found.value == answers.java), None)
    why = f"Java {answers.java}: {level.where if level else 'as you said'}"
    if int(answers.java) > JDKS[-1]:
        why += f", newer than the newest image, {JDKS[-1]}"
    others = [f"{found.value} ({found.where})" for found in build.java if found is not level]
    return f"{why}; also {_listed(others)}" if others and level else why


def _listed(said: list[str]) -> str:
    more = f" and {len(said) - _SHOWN} more" if len(said) > _SHOWN else ""
    return ", ".join(said[:_SHOWN]) + more
