"""What can go wrong, as a tree.

MouseMatchError
├── TelemetryError          an event or a row that holds no usable mouse movement
├── OptionError             a command option with a value that cannot be used
├── ImageError              an image that cannot be read, or that has another encoding than the model
├── ModelError              a model version that is missing, incomplete or of an unknown make
├── TemplateError           a template that is missing, unreadable or cannot be made from the material
├── TrainingError           a training that cannot begin or go on
│   └── TrainingStopped     a training that was asked to end, and can go on later
├── StoreError              the template store or the configuration service does not answer
└── ScorerError
    ├── ScorerUnavailable   the scorer cannot be reached, started, or does not answer in time
    └── ScorerRejected      the scorer answered that it will not embed this request

Every message is a sentence that names the thing, the value and the remedy, because it is shown as it is: in the
search bar, or in the field ``match_error`` of one row.
"""

from __future__ import annotations


class MouseMatchError(Exception):
    """The root: an expected error, shown to the user without a traceback."""


class TelemetryError(MouseMatchError):
    """An event or a row that holds no usable mouse movement."""


class OptionError(MouseMatchError):
    """A command option with a value that cannot be used."""


class ImageError(MouseMatchError):
    """An image that cannot be read, or that has another encoding than the model."""


class ModelError(MouseMatchError):
    """A model version that is missing, incomplete or of an unknown make."""


class TemplateError(MouseMatchError):
    """A template that is missing, unreadable or cannot be made from the material given."""


class TrainingError(MouseMatchError):
    """A training that cannot begin or go on."""


class TrainingStopped(TrainingError):
    """A training that was asked to end; the same command goes on with it."""


class StoreError(MouseMatchError):
    """The template store or the configuration service does not answer as it should."""


class ScorerError(MouseMatchError):
    """The scorer did not give embeddings."""


class ScorerUnavailable(ScorerError):
    """The scorer cannot be reached, cannot be started, or does not answer in time."""


class ScorerRejected(ScorerError):
    """The scorer answered that it will not embed this request."""
