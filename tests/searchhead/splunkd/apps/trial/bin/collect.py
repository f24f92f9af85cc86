"""collect: one row with the number of input rows; a reporting command without a map phase."""

import sys

from splunklib.searchcommands import Configuration, ReportingCommand, dispatch


@Configuration()
class Collect(ReportingCommand):
    rows = 0

    def reduce(self, records):
        self.rows += len(list(records))
        if self._finished:
            yield {"rows": self.rows}


dispatch(Collect, sys.argv, sys.stdin, sys.stdout, __name__)
