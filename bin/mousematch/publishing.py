"""From a trained network to a published model version: cohort, calibration, measurement, card.

The network, the cohort and the background embeddings come from training people, the back-end's numbers from the
calibration people, and the figures in the card from the test people, to whom nothing was fitted.
"""

from __future__ import annotations

import argparse
import dataclasses
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch import __version__, accuracy, calibration, datasets, schedule, training, weights
from mousematch.datasets import Recording
from mousematch.encoding import ENCODINGS, Encoding, encoding_named
from mousematch.errors import ModelError
from mousematch.matching import Backend
from mousematch.registry import read_version
from mousematch.windows import active_s

# Reported: one window, two, and the whole session.
REPORTED_WINDOWS = (1, 2, None)
_BATCH = 32


def embedder(network: keras.Model) -> accuracy.Embed:
    """Images to embeddings by a network in this process: uint8 (n, size, size, 3) → float32 (n, d)."""

    def embed(images: NDArray[np.uint8]) -> NDArray[np.float32]:
        # Whole batches of one shape: every new shape is compiled anew.
        padding = np.zeros((-len(images) % _BATCH, *images.shape[1:]), np.uint8)
        scaled = np.concatenate((images, padding)).astype(np.float32) / np.float32(255)
        embeddings = network.predict(scaled, batch_size=_BATCH, verbose=0)
        return np.asarray(embeddings[: len(images)], np.float32)

    return embed


def fingerprint(recordings: Sequence[Recording]) -> str:
    """A hash of what was trained on, so that a card can be checked against a data set: 16 hexadecimal digits."""
    digest = hashlib.sha256()
    for recording in sorted(recordings, key=lambda recording: recording.name):
        digest.update(recording.name.encode())
        digest.update(recording.points.time_us.tobytes())
        digest.update(recording.points.x.tobytes())
        digest.update(recording.points.y.tobytes())
    return digest.hexdigest()[:16]


def train_and_publish(options: argparse.Namespace, **engine: Any) -> None:
    """Trains on background people, calibrates on held-out ones, measures on unseen ones, and writes the version's folder.

    engine: options of training.train.
    """
    encoding = encoding_named(options.encoding)
    identity(options.out)  # before hours of training
    parts = datasets.split(datasets.sapimouse(options.sapimouse))
    sources = {"sapimouse": parts.training}
    if options.balabit:
        sources["balabit"] = datasets.balabit_training(options.balabit)
    if options.synthetic:
        sources["synthetic"] = synthetic_people(options.synthetic)
    for name, recordings in sources.items():
        people = len({recording.person for recording in recordings})
        seconds = sum(active_s(recording.points) for recording in recordings)
        print(
            f"{name}: {people} people, {len(recordings)} recordings, {seconds / 60:,.0f} minutes of movement",
            flush=True,
        )
    keras.mixed_precision.set_global_policy(options.precision)
    phases = schedule.phases_of(options.phases)
    classifier = training.train(sources, encoding, phases, folder=options.work, seed=options.seed, **engine)
    card = {
        "training": {
            "code_version": __version__,
            "data": {name: fingerprint(recordings) for name, recordings in sources.items()},
            "people": {
                name: len({recording.person for recording in recordings}) for name, recordings in sources.items()
            },
            "split": (
                f"SapiMouse users below {datasets.CALIBRATION_FROM} train, those below {datasets.TEST_FROM} calibrate, "
                "the rest test"
            ),
            "phases": [dataclasses.asdict(phase) for phase in phases],
            "precision": options.precision,
            "seed": options.seed,
        },
    }
    background = [recording for recordings in sources.values() for recording in recordings]
    publish(classifier, encoding, background, parts, folder=options.out, card=card)


def synthetic_people(count: int) -> list[Recording]:
    """Recordings of generated people: three sessions of a minute each."""
    from samples.people import people
    from samples.sessions import session

    return [
        Recording(
            f"synthetic{person.seed}", f"synthetic{person.seed}/{day}", "enroll", session(person, seconds=60, seed=day)
        )
        for person in people(count)
        for day in range(3)
    ]


def identity(folder: Path) -> tuple[str, int]:
    """Name and version that a folder such as ``models/base/1`` stands for. Raises ModelError if it is not of that form."""
    if not folder.name.isdecimal():
        raise ModelError(f"{folder} is no folder of a model version; give one such as models/base/1.")
    return folder.absolute().parent.name, int(folder.name)


def publish(
    trained: keras.Model,
    encoding: Encoding,
    background: Sequence[Recording],
    parts: datasets.Split,
    *,
    folder: Path,
    card: Mapping[str, object],
) -> None:
    """Writes weights, cohort and card of a trained network; the exports are made from them (mousematch.export).

    background: what the network was trained on; its people become the cohort.
    """
    name, number = identity(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights.save_weights(trained, folder / "weights.npz")
    # Everything below is measured with the weights as they are shipped, at half precision, computing in float32.
    keras.mixed_precision.set_global_policy("float32")
    embed = embedder(weights.load_model(folder / "weights.npz", size=encoding.size))
    cohort = accuracy.cohort_of(background, encoding, embed)
    backend = calibration.fit(accuracy.trials(parts.calibration, encoding, embed, cohort), cohort)
    np.savez(folder / "cohort.npz", cohort=cohort.astype(np.float16))
    measured = figures(accuracy.trials(parts.test, encoding, embed, cohort), backend)
    card = {
        "name": name,
        "version": number,
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "encoding": encoding.tag,
        "size": encoding.size,
        "embedding": cohort.shape[1],
        "backend": {"scale": backend.scale, "offset": backend.offset, "correlation": backend.correlation},
        **card,
        "metrics": {"sapimouse_unseen_users": measured},
    }
    weights.write_card(folder, card)
    print_figures(measured)


def figures(trials: Sequence[calibration.Trial], backend: Backend) -> list[dict[str, object]]:
    """Error rates at the reported numbers of windows, rounded as they go into a card."""
    return [
        {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in dataclasses.asdict(accuracy.measured(trials, backend, windows)).items()
        }
        for windows in REPORTED_WINDOWS
    ]


def print_figures(rows: Sequence[dict[str, object]]) -> None:
    """A table of error rates on standard output."""
    names = ("windows", "genuine", "impostor", "AUC", "EER", "Cllr", "ECE", "FAR@0.5", "FRR@0.5")
    print(" ".join(f"{name:>8}" for name in names))
    for row in rows:
        counts = [str(row["windows"] or "all"), str(row["genuine"]), str(row["impostor"])]
        rates = [row[name] for name in ("auc", "eer", "cllr", "calibration_error", "far_at_half", "frr_at_half")]
        print(" ".join([f"{count:>8}" for count in counts] + [f"{rate:8.3f}" for rate in rates]))


def print_accuracy(folder: Path, sapimouse: Path) -> None:
    """Measures a published version on the SapiMouse users that its training has not seen, and prints the table."""
    name, number = identity(folder)
    version = read_version(folder, name=name, version=number)
    encoding = next((known for known in ENCODINGS.values() if known.tag == version.encoding), None)
    if encoding is None:
        raise ModelError(
            f"{folder} was trained on {version.card['encoding']}, which this version of the app does not draw."
        )
    network = weights.load_model(folder / "weights.npz", size=version.size)
    parts = datasets.split(datasets.sapimouse(sapimouse))
    backend = Backend.from_card(version.card["backend"], version.cohort())
    print(f"{folder}: {encoding.tag}; SapiMouse users {datasets.TEST_FROM} and up, unseen in training and calibration")
    trials = accuracy.trials(parts.test, encoding, embedder(network), backend.cohort)
    print_figures(figures(trials, backend))
    low, high = accuracy.auc_interval(trials, backend)
    print(f"95 % interval of the session AUC, bootstrap by person: {low:.3f} to {high:.3f}")
