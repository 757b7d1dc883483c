"""The build files of a project: Maven, Gradle, Ant, Dockerfile, a prebuilt WAR."""
