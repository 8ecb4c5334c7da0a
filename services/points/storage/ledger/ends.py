"""When a lot's time is over, in SQL. The same as `Lot.ends_at`; whoever asks the database, asks it so."""

from __future__ import annotations

# Of a lot joined with its account's `active_at`; null where that is never. Nothing is least and greatest of what is
# null. A lot that has ended for inactivity has its end in `expires_at`, which no later activity puts off. A day has 24
# hours, whatever clocks the session keeps.
ENDS_AT = "least(expires_at, greatest(available_at, active_at) + inactivity_days * interval '24 hours')"
