"""A service of the smallest kind, for the tests of the kit."""
