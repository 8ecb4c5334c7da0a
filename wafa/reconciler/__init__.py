"""Brings services whose databases were restored from different nights back to books that agree.

`plans` compares the databases and says what does not agree and which repair brings it to agree; `repairs` carries the
repairs out, each by an RPC of the service that owns the record, which keeps who did it and why; `reconcile` orders
them. Databases are only read. Request ids follow from what is repaired, so a second run repairs nothing twice.
"""
