"""The Docker client: connection, errors, labels and output, written once."""
