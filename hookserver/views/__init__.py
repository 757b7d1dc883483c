"""The views that the command line and the HTTP API share: JSON documents, the log follower."""
