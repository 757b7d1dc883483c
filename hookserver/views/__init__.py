"""What the command line and the HTTP API both show: JSON documents, the log follower."""
