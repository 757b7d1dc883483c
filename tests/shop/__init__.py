"""A whole hookserver on this machine for tests: real processes, git, Docker, Nginx and Tomcat, and visitors."""

from tests.shop.gate import Gate
from tests.shop.installation import Answer, Installation, free_port, installed
from tests.shop.invariants import assert_invariants
from tests.shop.project import Pushed, ShopProject
from tests.shop.visitors import Visitors

__all__ = [
    "Answer",
    "Gate",
    "Installation",
    "Pushed",
    "ShopProject",
    "Visitors",
    "assert_invariants",
    "free_port",
    "installed",
    "until",
]
