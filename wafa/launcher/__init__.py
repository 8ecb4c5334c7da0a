"""Starts the suite's processes in order, watches them, and stops them in reverse.

`supervisor` knows nothing of Wafa and could run anything; `suite` says what Wafa consists of. The processes are the
same that a deployment starts, with the same settings in their environment.
"""
