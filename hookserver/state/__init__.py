"""Every path below state_dir, and who may read it."""
