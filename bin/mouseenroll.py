"""``| mouseenroll``: makes each user's template from sessions that are known to be genuine.

    mouseencode → mouseenroll → user status sessions windows active_s consistency template_model reason
                      └──▶ KV store collection mousematch_templates

Reporting, without a map phase: a template needs all sessions of its user. Nothing is stored before the last row came.
"""

from __future__ import annotations

import time

import mousematch_path  # noqa: F401 (first: it puts the app's packages on sys.path)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.settings import EnrollmentSettings, MatchingSettings, ScorerSettings
from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import ReportingColumns, run
from mousematch.splunk.options import SCORER, check_fields, given
from mousematch.splunk.session_windows import FIELDS

ENROLLMENT = {name: name for name in ("mode", "min_windows", "min_sessions", "min_active_s", "min_consistency")}


@Configuration(run_in_preview=False)
class MouseEnroll(ReportingColumns):
    """Enrolls the users of the sessions of mouseencode."""

    user = Option(doc="user=<field>: has the owner.", default="user")
    image = Option(doc="image=<field>: has the images.", default="image")
    session = Option(doc="session=<field>: tells the sessions apart.", default="session")
    model = Option(doc="model=<name>[/<version>]: the model that the templates are for.")
    mode = Option(doc="mode=replace|update|keep: what happens to a user who has a template.")
    min_windows = Option(doc="min_windows=<int>: users with fewer windows are refused.")
    min_sessions = Option(doc="min_sessions=<int>: users with fewer sessions are refused.")
    min_active_s = Option(doc="min_active_s=<seconds>: users with less active movement are refused.")
    min_consistency = Option(doc="min_consistency=<LLR>: users whose sessions match each other less are refused.")
    scorer = Option(doc="scorer=<URL>: a TensorFlow Serving installation in place of the local scorer.")
    timeout = Option(doc="timeout=<seconds>: how long to wait for one answer of the scorer.")

    _enrollments = None

    def check(self) -> None:
        check_fields(self, "user", "image", "session")
        self._matching_options = given(self, MatchingSettings, {"model": "model"})
        self._enrollment_options = given(self, EnrollmentSettings, ENROLLMENT)
        self._scorer_options = given(self, ScorerSettings, SCORER)

    def required_fields(self) -> list[str]:
        return [self.user, self.image, self.session, *FIELDS]

    def prepare(self) -> None:
        import mousematch.splunk.matching_search  # noqa: F401

    def reduce(self, columns: Columns) -> None:
        if self._enrollments is None:
            # Loads numpy and the model's card, which launches for getinfo alone have no use for.
            from mousematch.splunk.matching_search import MatchingSearch

            search = MatchingSearch.open(self, matching=self._matching_options, scorer=self._scorer_options)
            self._enrollments = search.enrollments(
                requirements=self._enrollment_options,
                user_field=self.user,
                image_field=self.image,
                session_field=self.session,
            )
        self._enrollments.add(columns)

    def report(self) -> list[Columns]:
        if self._enrollments is None:
            return []
        return [self._enrollments.finish(now=time.time(), by=self.metadata.searchinfo.username)]


if __name__ == "__main__":
    run(MouseEnroll)
