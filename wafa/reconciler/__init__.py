"""Makes services consistent again whose databases were restored from different nights.

`plans` compares the databases and finds what does not agree and which repair mends it; `repairs` carries the
repairs out, each by an RPC of the service that owns the record, which keeps who did it and why; `reconcile` orders
them. Databases are only read. Request ids follow from what is repaired, so a second run repairs nothing twice.
"""
