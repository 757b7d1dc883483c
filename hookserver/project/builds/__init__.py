"""Reads the build files of a project: Maven, Gradle, Ant, Dockerfile, or a prebuilt WAR."""
