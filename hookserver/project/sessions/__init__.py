"""Finds the classes that a project puts into sessions, and advises on the way to keep sessions."""
