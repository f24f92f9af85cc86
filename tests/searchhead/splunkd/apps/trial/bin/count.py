"""count to=<n>: n numbered rows; a generating command."""

import sys

from splunklib.searchcommands import Configuration, GeneratingCommand, Option, dispatch, validators


@Configuration()
class Count(GeneratingCommand):
    to = Option(require=True, validate=validators.Integer(0))

    def generate(self):
        for number in range(self.to):
            yield {"n": number}


dispatch(Count, sys.argv, sys.stdin, sys.stdout, __name__)
