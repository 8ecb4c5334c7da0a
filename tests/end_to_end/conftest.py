"""Stories are told against the whole suite: `program` is a brand of a test's own in it."""

from tests.fixtures.suite import program, suite

__all__ = ["program", "suite"]
