"""lastfirst: the rows in reverse order; an eventing command that answers after the last chunk."""

import sys

from splunklib.searchcommands import Configuration, EventingCommand, dispatch


@Configuration()
class LastFirst(EventingCommand):
    def __init__(self):
        super().__init__()
        self.held = []

    def transform(self, records):
        self.held.extend(records)
        if self._finished:
            yield from reversed(self.held)


dispatch(LastFirst, sys.argv, sys.stdin, sys.stdout, __name__)
