"""The services of the suite: each owns one thing and one database, and imports none of the others."""
