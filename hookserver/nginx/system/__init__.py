"""Using an existing Nginx: its configuration is read, and files of ours are added."""
