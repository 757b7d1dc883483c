"""The kinds of build, one file each: how a project of that kind becomes a WAR or an image."""
