"""How a build runs: its container, its source, its cache, its output."""
