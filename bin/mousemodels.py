"""``| mousemodels``: lists the models and their versions, with where they come from and how good they are.

    | mousemodels [model=<name>]  →  model version active encoding embedding created training metrics formats folder
                                     model_error

``training`` and ``metrics`` are multivalue, "name=value" each, as the model card has them.

    | mousemodels trials=true [model=<name>/<version>] [policy=<name>]
        →  model genuine user moved_by match_llr match_score match_evidence_s evidence_level match_policy match_threshold
           match_verdict match_far match_frr
"""

from __future__ import annotations

from collections.abc import Iterator

import mousematch_path  # noqa: F401 (first: it puts the app's packages on sys.path)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.errors import OptionError
from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import run
from mousematch.splunk.generating import GeneratingColumns
from mousematch.splunk.options import check_fields, flag


# Stateful: the registry is on the search head.
@Configuration(distributed=False)
class MouseModels(GeneratingColumns):
    """The registry, as search results."""

    model = Option(doc="model=<name>: this model's versions alone; with trials also <name>/<version>.")
    trials = Option(doc="trials=true|false: the version's held-out trials in place of the versions.", default="false")
    policy = Option(doc="policy=<name>: the stanza [policy:<name>] that decides on the trials.")

    def check(self) -> None:
        check_fields(self)
        self._trials = flag(self, "trials")
        if self.policy is not None and not self._trials:
            raise OptionError(f"policy={self.policy} decides on held-out trials; add trials=true, or leave it out.")

    def generate(self) -> Iterator[Columns]:
        from mousematch.splunk.models import listing, registry

        if not self._trials:
            yield listing(registry(), name=self.model)
            return
        # Loads numpy, which the list of versions has no use for.
        from mousematch.splunk import held_out_trials
        from mousematch.splunk.conf import settings_for

        settings = settings_for(self.metadata.searchinfo, warn=lambda text: self.write_warning("{}", text))
        yield held_out_trials.rows(
            registry().resolve(self.model or settings.matching.model), settings, policy=self.policy
        )


if __name__ == "__main__":
    run(MouseModels)
