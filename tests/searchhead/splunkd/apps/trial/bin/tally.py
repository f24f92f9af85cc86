"""tally [by=<f>]: rows per value of a field; the map phase counts on the indexers, the reduce phase adds."""

import os
import sys

from splunklib.searchcommands import Configuration, Option, ReportingCommand, dispatch


@Configuration()
class Tally(ReportingCommand):
    by = Option(default="a")

    def __init__(self):
        super().__init__()
        self.counts = {}
        self.workers = set()

    @Configuration()
    def map(self, records):
        for record in records:
            value = record.get(self.by, "")
            self.counts[value] = self.counts.get(value, 0) + 1
        if self._finished:
            for value, count in self.counts.items():
                yield {self.by: value, "count": count, "worker": os.getpid()}

    def reduce(self, records):
        for record in records:
            value = record[self.by]
            self.counts[value] = self.counts.get(value, 0) + int(record["count"])
            self.workers.add(record["worker"])
        if self._finished:
            for value in sorted(self.counts):
                yield {self.by: value, "count": self.counts[value], "workers": len(self.workers)}


dispatch(Tally, sys.argv, sys.stdin, sys.stdout, __name__)
