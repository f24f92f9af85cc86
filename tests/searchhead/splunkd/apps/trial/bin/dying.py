"""dying: a reporting command whose reduce phase fails at the first rows from its map phase."""

import sys

from splunklib.searchcommands import Configuration, ReportingCommand, dispatch


@Configuration()
class Dying(ReportingCommand):
    @Configuration()
    def map(self, records):
        yield from records

    def reduce(self, records):
        for record in records:
            raise RuntimeError(f"no use for {record}")
        yield {}


dispatch(Dying, sys.argv, sys.stdin, sys.stdout, __name__)
