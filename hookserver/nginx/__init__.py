"""Nginx: the text of its configuration, an instance of our own, the switch without a reload, and what is in flight."""

from hookserver.nginx.nginx import Nginx
from hookserver.nginx.render import render

__all__ = ["Nginx", "render"]
