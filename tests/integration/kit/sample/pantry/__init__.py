"""Keeps jars."""
