"""Nginx, our own instance or an existing one: its configuration, the switch without a reload, requests in flight."""

from hookserver.nginx.nginx import Nginx
from hookserver.nginx.system.show import show
from hookserver.nginx.text.managed import render

__all__ = ["Nginx", "render", "show"]
