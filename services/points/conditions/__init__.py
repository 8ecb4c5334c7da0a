"""Conditions in CEL, the Common Expression Language: checked when a rule is saved, compiled once per process.

engine     compiles conditions, checks them and answers them
tree       the syntax tree of a compiled condition
cost       what a condition may cost at most, reckoned from its tree and from how long the facts may be
patterns   what matching a regular expression may cost
"""

from services.points.conditions.engine import CelConditions

__all__ = ["CelConditions"]
