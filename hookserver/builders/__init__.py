"""Turns a source into an image: one module for each kind of build, and the code that they share."""

from hookserver.builders.images import DockerImages
from hookserver.builders.job import BuildJob

__all__ = ["BuildJob", "DockerImages"]
