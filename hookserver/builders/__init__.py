"""From a source to an image: one file for each kind of build, what they share beside them."""

from hookserver.builders.images import Images
from hookserver.builders.job import BuildJob

__all__ = ["BuildJob", "Images"]
