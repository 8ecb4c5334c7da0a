"""The nouns of `rewards` and what may happen to them, in pure Python."""
