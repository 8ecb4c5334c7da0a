"""Purchases and returns, accounts and what moves them, earning rules."""
