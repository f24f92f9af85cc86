"""The indexes of the embedded search head: which there are, and the events in them.

definitions     which indexes exist, from indexes.conf
store           the events, on SQLite
retention       what an index no longer keeps
"""

from .events import Event, StoreError
from .store import EventStore, IndexSummary

__all__ = ["Event", "EventStore", "IndexSummary", "StoreError"]
