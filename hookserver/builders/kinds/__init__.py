"""The kinds of build, one module each: how a project of that kind becomes a WAR or an image."""
