"""The Tomcat that a WAR is put in: its facts, its own files, what is edited in them, the library added."""
