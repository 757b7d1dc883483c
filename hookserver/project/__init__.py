"""Looks at a Java project and proposes settings for it; nothing of the project runs."""

from hookserver.project.answers import Answers, Question, health_path, proposed, questions
from hookserver.project.findings import Build, Caution, Dependency, Evidence, Health, Project
from hookserver.project.proposal import open_points, propose
from hookserver.project.sessions.advice import advice, whose_project
from hookserver.project.survey import look
from hookserver.project.trusted import trusted_bundle

__all__ = [
    "Answers",
    "Build",
    "Caution",
    "Dependency",
    "Evidence",
    "Health",
    "Project",
    "Question",
    "advice",
    "health_path",
    "look",
    "open_points",
    "propose",
    "proposed",
    "questions",
    "trusted_bundle",
    "whose_project",
]
