"""WAR files: choosing, checking and packing them, and reading which Tomcat they need."""
