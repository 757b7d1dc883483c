"""Deploys a Java WAR project to Tomcat containers behind Nginx on every push, without a lost request."""

__version__ = "0.1.0"
