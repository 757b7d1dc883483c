"""Nginx, our own instance or one that is there: its configuration, the switch without a reload, what is in flight."""

from hookserver.nginx.nginx import Nginx
from hookserver.nginx.render import render
from hookserver.nginx.show import show

__all__ = ["Nginx", "render", "show"]
