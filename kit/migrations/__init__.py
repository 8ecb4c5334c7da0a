"""A database's schema, moved forward by numbered files that people read.

A service's migrations stand in `services/<word>/migrations/versions/0001_create_….py`, one change each; its `env.py` is
two imports and a call of `run`. There is no ini file: everything alembic has to know follows from the word.

Several processes may call `upgrade` at once, as they do when a deployment starts: one works, the others wait for it and
find nothing to do. Code that is older than its database does not change it and carries on, which is what a roll-back of
a release needs and what expand, back-fill, contract makes safe.
"""

from kit.migrations.comparison import drift
from kit.migrations.grants import OwnershipError
from kit.migrations.history import new, run, sql
from kit.migrations.runner import OldDatabaseError, pending, upgrade
from kit.migrations.timeouts import set_timeouts

__all__ = ["OldDatabaseError", "OwnershipError", "drift", "new", "pending", "run", "set_timeouts", "sql", "upgrade"]
