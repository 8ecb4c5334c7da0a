"""Proves the books of the whole suite: each service's own check, and the invariants between services.

`services` runs the checks that each service brings. `redemptions` holds the rewards against the ledger, `standings`
what others know of members against the register, `heads` the chains of seals against what was kept of them. `facts`
counts what was read: a check of nothing proves nothing.

It reads and never writes, and may run beside the suite. Databases are read at different moments, so a difference
may come from a request under way: it is read again, and only one that stays is a finding.
"""
