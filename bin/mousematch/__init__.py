"""Mouse Match: tells from the way a person moves the mouse whether that person owns the account.

telemetry → windows → encoding (images) ⇒ scorer (image → embedding) → matching (embedding × template → score)
"""

__version__ = "0.1.0"
