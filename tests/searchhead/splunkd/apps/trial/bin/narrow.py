"""narrow [mode=<m>]: asks for the field "a" only and adds "length"; stays on the search head.

mode=drop leaves out rows whose "a" is empty, mode=double gives each row twice, mode=lost forgets _chunked_idx.
"""

import sys

from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch


@Configuration(distributed=False, required_fields=["a"])
class Narrow(StreamingCommand):
    mode = Option(default="keep")

    def stream(self, records):
        for record in records:
            record["seen"] = ",".join(sorted(record))
            record["length"] = len(record["a"])
            if self.mode == "drop" and not record["a"]:
                continue
            if self.mode == "lost":
                del record["_chunked_idx"]
            yield record
            if self.mode == "double":
                yield record


dispatch(Narrow, sys.argv, sys.stdin, sys.stdout, __name__)
