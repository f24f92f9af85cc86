"""``| mousetrain``: trains a network on labelled sessions, and puts it into the registry as a new version.

    mouseencode → mousetrain → model version active task classes people sessions images steps metrics seconds folder
                      └──▶ a process with TensorFlow ──▶ registry

Reporting, without a map phase: training needs all images. Nothing is published unless the training came to its end.
"""

from __future__ import annotations

import atexit

import mousematch_path  # noqa: F401 (first: it puts the app's packages on sys.path)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.splunk.chunks import Columns
from mousematch.splunk.commands import ReportingColumns, run
from mousematch.splunk.options import check_fields, given
from mousematch.training_options import TrainingOptions

OPTIONS = ("task", "begin", "imagenet", "freeze", "width", "minutes", "steps", "seed", "activate", "resume")


@Configuration(run_in_preview=False)
class MouseTrain(ReportingColumns):
    """Trains on the sessions of mouseencode."""

    model = Option(name="name", doc="name=<model>: the model that gets a new version.")
    task = Option(doc="task=embed|classify: people that can be enrolled, or a closed set of classes.")
    label = Option(doc="label=<field>: has the person or the class.", default="user")
    session = Option(doc="session=<field>: tells the sessions apart.", default="session")
    image = Option(doc="image=<field>: has the images.", default="image")
    begin = Option(name="from", doc="from=<name>[/<version>]: begin with this version's weights.")
    imagenet = Option(doc="imagenet=<file>: begin with a VGG16 weight file of ImageNet.")
    freeze = Option(doc="freeze=0..5|all: keep so many blocks of what it begins with.")
    width = Option(doc="width=<factor>: of the number of filters; 1 is VGG16.")
    minutes = Option(doc="minutes=<number>: how long to train.")
    steps = Option(doc="steps=<int>: how long to train, in batches of 64 images.")
    seed = Option(doc="seed=<int>: of everything random.")
    activate = Option(doc="activate=true|false: make the new version the active one.")
    resume = Option(doc="resume=true|false: go on where the same search was interrupted.")

    _training = None

    def check(self) -> None:
        check_fields(self, "label", "session", "image")
        names = {"model": "name", **{name: name for name in OPTIONS}}
        self._options = TrainingOptions(**given(self, TrainingOptions, names))
        self._options.check()

    def reduce(self, columns: Columns) -> None:
        if self._training is None:
            from mousematch.splunk.training_search import TrainingSearch

            self._training = TrainingSearch(
                self, self._options, label=self.label, session=self.session, image=self.image
            )
            # However the search ends: the images are somebody's movement.
            atexit.register(self._training.close)
        self._training.add(columns)

    def report(self) -> list[Columns]:
        if self._training is None:
            return []
        return [self._training.finish()]


if __name__ == "__main__":
    run(MouseTrain)
