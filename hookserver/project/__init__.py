"""Inspects a Java project and proposes settings for it; nothing of the project runs."""

from hookserver.project.answers import Answers, Question, default_answers, questions
from hookserver.project.ca_bundle import find_ca_bundle
from hookserver.project.findings import Build, Caution, Dependency, Evidence, Health, Project
from hookserver.project.proposal import render_settings
from hookserver.project.sessions.advice import app_of_project, proposed_sessions, session_advice
from hookserver.project.survey import inspect_project
from hookserver.project.undecided import open_points

__all__ = [
    "Answers",
    "Build",
    "Caution",
    "Dependency",
    "Evidence",
    "Health",
    "Project",
    "Question",
    "app_of_project",
    "default_answers",
    "find_ca_bundle",
    "inspect_project",
    "open_points",
    "proposed_sessions",
    "questions",
    "render_settings",
    "session_advice",
]
