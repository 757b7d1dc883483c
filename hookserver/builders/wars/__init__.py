"""WAR files: finding the right one, reading it, unpacking it, checking that it fits its Tomcat."""
