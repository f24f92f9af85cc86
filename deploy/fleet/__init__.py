"""Scorers on several hosts."""
