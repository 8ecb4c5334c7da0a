"""The schema of the `points` database, in numbered steps."""
