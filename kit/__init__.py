"""Plumbing that every service shares. No word of loyalty stands in here.

A service's rooms import from the kit; the kit imports no service. `domain/` may import `kit.errors` and nothing else.
"""
