"""ask: what a command sees of splunkd through splunklib's Service; one row per question."""

import json
import os
import sys

from splunklib.searchcommands import Configuration, GeneratingCommand, dispatch


@Configuration()
class Ask(GeneratingCommand):
    def generate(self):
        people = self.service.kvstore["trial_people"].data
        key = people.insert(json.dumps({"name": "Ada", "age": 36}))["_key"]
        yield {"question": "kvstore", "answer": people.query_by_id(key)["name"]}
        yield {"question": "conf", "answer": self.service.confs["mousetrial"]["scorer"]["timeout_s"]}
        yield {"question": "user", "answer": self.service.username or self.search_results_info_user()}
        yield {
            "question": "app_folder",
            "answer": os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
        }
        for name in ("SPLUNK_HOME", "MOUSEMATCH_STATE", "PYTHONHOME", "LD_LIBRARY_PATH"):
            yield {"question": name, "answer": os.environ.get(name)}
        yield {"question": "argv", "answer": json.dumps(sys.argv[1:])}

    def search_results_info_user(self):
        return self.metadata.searchinfo.username


dispatch(Ask, sys.argv, sys.stdin, sys.stdout, __name__)
