"""Work on what strangers sent, within limits: a child process, tar and zip files, globs."""
