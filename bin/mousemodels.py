"""``| mousemodels``: lists the models and their versions, with where they come from and how good they are.

    | mousemodels [model=<name>]  →  model version active encoding embedding created training metrics formats folder
                                     model_error

``training`` and ``metrics`` are multivalue, "name=value" each, as the model card has them.
"""

from __future__ import annotations

from collections.abc import Iterator

import mousematch_path  # noqa: F401 (first: it puts the app's packages on sys.path)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import run
from mousematch.splunk.generating import GeneratingColumns
from mousematch.splunk.options import check_fields


# Stateful: the registry is on the search head.
@Configuration(distributed=False)
class MouseModels(GeneratingColumns):
    """The registry, as search results."""

    model = Option(doc="model=<name>: this model's versions alone.")

    def check(self) -> None:
        check_fields(self)

    def generate(self) -> Iterator[Columns]:
        from mousematch.splunk.models import listing, registry

        yield listing(registry(), name=self.model)


if __name__ == "__main__":
    run(MouseModels)
