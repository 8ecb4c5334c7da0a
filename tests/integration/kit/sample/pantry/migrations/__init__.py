"""The pantry's schema, file by file."""
