"""What can go wrong with a measurement itself."""

from __future__ import annotations


class DataMissing(Exception):
    """A part of the data that a measurement needs is not there; the message says what, where, and what to do."""
