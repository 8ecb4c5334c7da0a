"""The schema of the `members` database, in numbered steps."""
