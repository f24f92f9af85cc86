"""What the study compares: one row, one training, one line of a table of docs/study.md.

A row says only what differs from the base row: portraits of 128 events at 64 pixels, a quarter-width VGG16-BN from
scratch, trained on the study's real people.
"""

from __future__ import annotations

from dataclasses import dataclass

from mousematch.errors import OptionError

# Kinds of network.
IMAGE, FCN, RESNET, LINEAR, WIDE_AND_DEEP = "image", "fcn", "resnet", "linear", "wide-and-deep"
SEQUENCES = (FCN, RESNET)
# Further people to train on, and what is done to the movement before anything else.
SYNTHETIC, COPIES, BALABIT = "synthetic", "copies", "balabit"
FRAME, TIMER, BOTH, STRETCHED = "frame", "timer", "both", "stretched"
USUAL = "usual"
MIXED = ("128p", "256p", "640p", "2000p")


@dataclass(frozen=True)
class Row:
    """One measurement.

    name: what the command line calls it. about: what the table says. network: its kind.
    encoding: of the pictures; of a sequence, ``steps`` or ``steps and place``.
    window: of a picture when people are enrolled and measured, as ``WindowSpec.parse`` reads it, or USUAL: the encoding's.
    lengths: of the pieces that are trained on, each equally often; none means the window.
    size: image height and width in pixels. width: factor on the number of VGG16's filters.
    imagenet: begins with ImageNet's weights; frozen: so many of its blocks stay.
    further: people besides the study's own, to train on. prepared: how all movement is changed first.
    deep_weight: length of the deep embedding beside the wide one's, which is 1. budget: factor on the study's steps.
    """

    name: str
    about: str
    network: str = IMAGE
    encoding: str = "portrait"
    window: str = "128p"
    lengths: tuple[str, ...] = ()
    size: int = 64
    width: float = 0.25
    imagenet: bool = False
    frozen: int = 0
    further: str = ""
    prepared: str = ""
    deep_weight: float = 1.0
    budget: int = 1
    seed: int = 1


@dataclass(frozen=True)
class Table:
    """Rows that answer one question together. beside: rows of other tables to compare with, shown first."""

    name: str
    title: str
    rows: tuple[Row, ...]
    beside: tuple[str, ...] = ()


TABLES = (
    Table(
        "encodings",
        "Encodings, on pictures of 128 events",
        (
            Row("portrait", "portrait: joint histograms of steps, turns, times and places"),
            Row("portrait-again", "the same row with another seed", seed=2),
            Row("path", "path: the whole path where it was drawn, fixed scale", encoding="path"),
            Row("path-stretched", "path, the screen stretched to the frame", encoding="path", prepared=STRETCHED),
            Row("drift", "drift: position-free path, fixed scale", encoding="drift"),
            Row("tiles", "tiles: each stroke fills a tile", encoding="tiles"),
            Row("strokes", "strokes: velocity and acceleration, a row per stroke", encoding="strokes"),
            Row("motion", "motion: pairwise velocity and its change", encoding="motion"),
        ),
    ),
    Table(
        "budget",
        "Four times the steps",
        (
            Row("portrait-longer", "portrait", budget=4),
            Row("path-longer", "path", encoding="path", budget=4),
            Row("strokes-longer", "strokes", encoding="strokes", budget=4),
            Row("motion-longer", "motion", encoding="motion", budget=4),
            Row("sequence-longer", "residual 1D network on dx, dy, dt", network=RESNET, encoding="steps", budget=4),
        ),
        beside=("portrait", "path", "strokes", "motion", "sequence-resnet"),
    ),
    Table(
        "usual",
        "Encodings, each at its own usual window",
        (
            Row("path-usual", "path", encoding="path", window=USUAL),
            Row("drift-usual", "drift", encoding="drift", window=USUAL),
            Row("tiles-usual", "tiles", encoding="tiles", window=USUAL),
            Row("strokes-usual", "strokes", encoding="strokes", window=USUAL),
            Row("motion-usual", "motion", encoding="motion", window=USUAL),
        ),
        beside=("portrait-640",),
    ),
    Table(
        "windows",
        "How long a window is",
        (
            Row("portrait-320", "portraits of 320 events", window="320p"),
            Row("portrait-640", "portraits of 640 events", window="640p"),
            Row("portrait-session", "one portrait a session, trained on a third to all of one", window="session"),
            Row("portrait-mixed", "portraits of 640 events, trained on 128 to 2,000", window="640p", lengths=MIXED),
        ),
        beside=("portrait",),
    ),
    Table(
        "sizes",
        "Image size",
        (
            Row("portrait-32px", "32 pixels (each the mean of four)", size=32),
            Row("portrait-128px", "128 pixels (each of the 64-pixel picture four times)", size=128),
        ),
        beside=("portrait",),
    ),
    Table(
        "widths",
        "Width of the network",
        (
            Row("width-eighth", "an eighth of VGG16's filters", width=0.125),
            Row("width-half", "half of them", width=0.5),
            Row("width-full", "all of them", width=1.0),
        ),
        beside=("portrait",),
    ),
    Table(
        "sequences",
        "Raw sequences against pictures",
        (
            Row("sequence-fcn", "fully convolutional, 1D, on dx, dy, dt", network=FCN, encoding="steps"),
            Row("sequence-resnet", "residual, 1D, on dx, dy, dt", network=RESNET, encoding="steps"),
            Row(
                "sequence-place", "residual, 1D, on dx, dy, dt and x, y", network=RESNET, encoding="steps and place"
            ),
        ),
        beside=("portrait",),
    ),
    Table(
        "people",
        "Further people to train on",
        (
            Row("further-synthetic", "and 60 people of the telemetry generator", further=SYNTHETIC),
            Row("further-copies", "and three virtual copies of each person", further=COPIES),
            Row("further-balabit", "and the ten people of Balabit", further=BALABIT),
        ),
        beside=("portrait",),
    ),
    Table(
        "linear",
        "Linear discriminant analysis of the pixels, the deep network, and both",
        (
            Row("linear-128", "linear, portraits of 128 events", network=LINEAR),
            Row("linear-mixed", "linear, trained on 128 to 2,000 events", network=LINEAR, window="640p", lengths=MIXED),
            Row(
                "wide-and-deep",
                "linear and deep side by side, trained on 128 to 2,000 events, the deep one with weight 0.4",
                network=WIDE_AND_DEEP,
                window="640p",
                lengths=MIXED,
                deep_weight=0.4,
            ),
            Row(
                "wide-and-deep-equal",
                "the same, both of equal weight",
                network=WIDE_AND_DEEP,
                window="640p",
                lengths=MIXED,
            ),
            Row("linear-path", "linear, path", network=LINEAR, encoding="path"),
            Row("linear-drift", "linear, drift", network=LINEAR, encoding="drift"),
            Row("linear-tiles", "linear, tiles", network=LINEAR, encoding="tiles"),
            Row("linear-strokes", "linear, strokes", network=LINEAR, encoding="strokes"),
            Row("linear-motion", "linear, motion", network=LINEAR, encoding="motion"),
        ),
        beside=("portrait-mixed",),
    ),
    Table(
        "neutral",
        "Without the traces of the device",
        (
            Row("portrait-frame", "deep, without the screen's frame", prepared=FRAME),
            Row("portrait-timer", "deep, on a common clock", prepared=TIMER),
            Row("portrait-both", "deep, without either", prepared=BOTH),
            Row(
                "linear-frame", "linear, 128 to 2,000 events, without the screen's frame",
                network=LINEAR, window="640p", lengths=MIXED, prepared=FRAME,
            ),
            Row(
                "linear-timer", "linear, on a common clock",
                network=LINEAR, window="640p", lengths=MIXED, prepared=TIMER,
            ),
            Row(
                "linear-both", "linear, without either",
                network=LINEAR, window="640p", lengths=MIXED, prepared=BOTH,
            ),
            Row(
                "linear-strokes-both", "linear, strokes, without either",
                network=LINEAR, encoding="strokes", window="640p", lengths=MIXED, prepared=BOTH,
            ),
            Row("strokes-both", "deep, strokes, without either", encoding="strokes", prepared=BOTH),
            Row(
                "sequence-both", "residual, 1D, on dx, dy, dt, without either",
                network=RESNET, encoding="steps", prepared=BOTH,
            ),
        ),
        beside=("portrait", "linear-mixed", "strokes", "sequence-resnet"),
    ),
    Table(
        "starts",
        "What the full-width network begins with",
        (
            Row("imagenet", "ImageNet's weights, all of them trained", width=1.0, imagenet=True),
            Row("imagenet-2", "ImageNet's, the first two blocks frozen", width=1.0, imagenet=True, frozen=2),
            Row("imagenet-all", "ImageNet's, all five blocks frozen", width=1.0, imagenet=True, frozen=5),
        ),
        beside=("width-full",),
    ),
)  # fmt: skip
ROWS = {row.name: row for table in TABLES for row in table.rows}


def row_named(name: str) -> Row:
    """The row of that name. Raises OptionError if there is none."""
    if name not in ROWS:
        raise OptionError(f'There is no row "{name}"; python -m study --list has them all.')
    return ROWS[name]
