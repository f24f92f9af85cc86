"""upper field=<f>: the field in capitals; a distributed streaming command."""

import sys

from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch


@Configuration()
class Upper(StreamingCommand):
    field = Option(require=True)

    def stream(self, records):
        for record in records:
            value = record.get(self.field, "")
            record[self.field] = [v.upper() for v in value] if isinstance(value, list) else value.upper()
            yield record


dispatch(Upper, sys.argv, sys.stdin, sys.stdout, __name__)
