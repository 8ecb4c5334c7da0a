"""The `wafa` command: the whole suite on one machine, for a first look, for development and for tests.

It owns no loyalty and no port of its own: it finds or starts a PostgreSQL and a Valkey (`wafa.backends`), then starts
the same service and gateway processes that a deployment starts, with the same settings. Nothing in `services`,
`gateway` or `kit` imports this package, and a container of a service does not hold it.
"""
