"""The worker: its loop, its child processes, its tasks, its poll times."""
