"""Prepares the Tomcat for a WAR: reads its base image, adds own files and the library, edits its settings."""
