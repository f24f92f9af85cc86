"""``| mousescore``: adds to each session how well its movement fits the template of its user.

    mouseencode → mousescore → match_score match_llr window_llr match_verdict match_evidence_s match_threshold
                               match_far match_frr match_policy match_model match_error
               mouseencode's kinematics → match_bot

Runs on the search head, in order: every row comes back, with its score or with the reason for having none.
"""

from __future__ import annotations

import mousematch_path  # noqa: F401 (first: it puts the app's packages on sys.path)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.formats.names import KINEMATICS
from mousematch.settings import MatchingSettings, PolicySettings, ScorerSettings
from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import StreamingColumns, run
from mousematch.splunk.options import POLICY, ROW_POLICY, SCORER, check_fields, check_policy, flag, given
from mousematch.splunk.session_windows import FIELDS

MATCHING = {name: name for name in ("model", "policy", "prior")}


# Not distributed: the templates and the scorer are on the search head.
@Configuration(distributed=False)
class MouseScore(StreamingColumns):
    """Scores the sessions of mouseencode against the templates of mouseenroll."""

    user = Option(doc="user=<field>: has the claimed owner.", default="user")
    image = Option(doc="image=<field>: has the images.", default="image")
    model = Option(doc="model=<name>[/<version>]: the model that scores.")
    policy = Option(doc="policy=<name>: the stanza [policy:<name>] of mousematch.conf that decides on verdicts.")
    threshold = Option(doc="threshold=<0-1>: match_score from which on the verdict is match.")
    target_far = Option(doc="target_far=<0-0.5>: share of impostor sessions that may be accepted.")
    alerts_per_day = Option(doc="alerts_per_day=<num>: false alerts that are affordable; needs sessions_per_day.")
    sessions_per_day = Option(doc="sessions_per_day=<num>: sessions with enough evidence, to which the alerts relate.")
    prior = Option(doc="prior=<0-1>: probability of the owner before anything was seen.")
    min_evidence_s = Option(doc="min_evidence_s=<seconds>: with less active movement the verdict is insufficient.")
    policyfields = Option(doc="policyfields=true|false: rows may name a policy of their own.", default="false")
    scorer = Option(doc="scorer=<URL>: a TensorFlow Serving installation in place of the local scorer.")
    timeout = Option(doc="timeout=<seconds>: how long to wait for one answer of the scorer.")

    _session_scorer = None
    _bot_scores = None

    def check(self) -> None:
        check_fields(self, "user", "image")
        self._matching_options = given(self, MatchingSettings, MATCHING)
        self._policy_options = given(self, PolicySettings, POLICY)
        check_policy(self.policy, self._policy_options)
        self._policy_fields = flag(self, "policyfields")
        self._scorer_options = given(self, ScorerSettings, SCORER)

    def required_fields(self) -> list[str]:
        return [self.user, self.image, *FIELDS, KINEMATICS, *(ROW_POLICY if self._policy_fields else ())]

    def prepare(self) -> None:
        import mousematch.splunk.bot_scores
        import mousematch.splunk.matching_search  # noqa: F401

    def stream(self, columns: Columns) -> Columns:
        if self._session_scorer is None:
            # Loads numpy and the model's card, which launches for getinfo alone have no use for.
            from mousematch.splunk.bot_scores import BotScores
            from mousematch.splunk.matching_search import MatchingSearch

            search = MatchingSearch.open(self, matching=self._matching_options, scorer=self._scorer_options)
            self._session_scorer = search.session_scorer(
                policy=self._policy_options,
                policy_fields=self._policy_fields,
                user_field=self.user,
                image_field=self.image,
            )
            self._bot_scores = BotScores(search.messages)
        return self._bot_scores.add(self._session_scorer.add_scores(columns))


if __name__ == "__main__":
    run(MouseScore)
