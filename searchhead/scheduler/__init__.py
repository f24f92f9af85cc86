"""Saved searches and their clock.

scheduler/
├── scheduler.py       what is due is run, checked and acted on; a thread, or run_due(now) by hand
│   ├── saved.py           a saved search, from savedsearches.conf
│   ├── cron.py            the times of a cron expression
│   ├── runner.py          one run
│   │   ├── condition.py       whether it triggers an alert
│   │   ├── tokens.py          $name$, $result.user$ …
│   │   └── actions.py         what is done then: summary index, lookup
│   ├── state.py           what was run and what fired, in SQLite
│   └── log.py             scheduler.log, as events of _internal
├── saved_rest.py      saved/searches;  saved_entity.py
└── alerts_rest.py     alerts/fired_alerts
"""

from .scheduler import Scheduler

__all__ = ["Scheduler"]
