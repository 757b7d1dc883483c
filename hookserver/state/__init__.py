"""Every path below state_dir and who may read it; how files are written, and how processes are locked and ended."""
