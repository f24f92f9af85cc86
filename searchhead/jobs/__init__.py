"""Search jobs: searches that run in the background, and whose results are kept for a while.

jobs/
├── registry.py        all jobs of a search head: limits, queue, time to live
│   └── job.py             one job: its state, its thread, its results
├── entity.py          a job as splunkd describes it
├── results.py         results in JSON, CSV and XML;  fields.py  what they are made of, over fields and over time
└── rest.py            search/jobs and all below it;  parser_rest.py
"""

from .job import Job, State
from .registry import Jobs

__all__ = ["Job", "Jobs", "State"]
