"""Purchases, returns, exchanges, and goods that a sale takes back."""
