"""What a project keeps in its sessions, read from its classes."""
