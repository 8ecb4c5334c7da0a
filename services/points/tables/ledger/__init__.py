"""Accounts with their entries, lots and holds; adjustments, transfers, statements and what is owed."""
