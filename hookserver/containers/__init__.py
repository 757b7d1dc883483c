"""Replicas of a slot as Docker containers with fixed addresses on a network of our own."""

from hookserver.containers.replicas import Containers

__all__ = ["Containers"]
