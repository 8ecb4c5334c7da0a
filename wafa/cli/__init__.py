"""The commands of `python -m wafa`, a file each: what they take, and in which order they call those who do the work."""
