"""An Nginx instance of our own, below state_dir."""
