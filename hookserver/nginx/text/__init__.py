"""The text of the Nginx configuration, computed from the settings."""
