"""The ledger and the earning rules: pure values and functions, one file a noun.

Imports the standard library and `kit.errors` alone. Time and identities are arguments.
"""
