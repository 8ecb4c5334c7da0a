"""The plain way: what a team would write for itself in a fortnight.

One Flask process, SQLAlchemy's ORM, one database, one transaction for each request, with the same checks and the same
facts kept as `POST /v1/purchases` of the suite: API key by its hash, idempotency key with stored answer, receipt
recorded once, member by card, status, earning rule with exclusions, account locked, entry, lot, event for others. It is
served by the same HTTP server with the same workers, and here to be compared with, not to be used.
"""
