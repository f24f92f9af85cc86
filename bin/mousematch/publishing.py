"""From a trained network to a published model version: cohort, calibration, measurement, card.

Deep part, wide part and cohort come from the training people; the back-end's numbers and the held-out trials from the
same people, each scored by parts that have not seen them (``crossfit``); the figures in the card from these and from the
test people, to whom nothing was fitted.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from mousematch import __version__, accuracy, calibration, crossfit, datasets, schedule, training, weights
from mousematch.architecture import DEEP_WEIGHT
from mousematch.datasets import Recording
from mousematch.discriminant import Discriminant
from mousematch.encoding import ENCODINGS, Encoding, encoding_named
from mousematch.errors import ModelError
from mousematch.leakage import recording_hash
from mousematch.matching import Backend
from mousematch.registry import COHORT, EMBED, ERRORS, WEIGHTS, read_version
from mousematch.virtual import real_person, virtual_people, with_neutral_people
from mousematch.windows import active_s, cut

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


def train_and_publish(options: argparse.Namespace, **engine: Any) -> None:
    """Trains on background people, holds each of them out once to calibrate, and writes the version's folder.

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
    if options.virtual:
        sources["virtual"] = virtual_people(parts.training, options.virtual, seed=options.seed)
    for name, recordings in sources.items():
        people = len({recording.person for recording in recordings})
        seconds = sum(active_s(recording.points) for recording in recordings)
        print(
            f"{name}: {people} people, {len(recordings)} recordings, {seconds / 60:,.0f} minutes of movement",
            flush=True,
        )
    keras.mixed_precision.set_global_policy(options.precision)
    phases, fold_phases = schedule.phases_of(options.phases), schedule.phases_of(options.fold_phases)
    network = training.train(sources, encoding, phases, folder=options.work, seed=options.seed, **engine)
    dealt = crossfit.folds([recording.person for recording in sources["sapimouse"]])
    fold_networks = []
    for number, held_out in enumerate(dealt):
        others = {
            # A virtual person is held out with the real one.
            name: [recording for recording in recordings if real_person(recording.person) not in held_out]
            for name, recordings in sources.items()
        }
        print(f"fold {number + 1} of {len(dealt)}: {len(held_out)} people held out", flush=True)
        folder = options.work / f"fold{number}"
        fold_networks.append(training.train(others, encoding, fold_phases, folder=folder, seed=options.seed, **engine))
    card = {
        "phases": [dataclasses.asdict(phase) for phase in phases],
        "fold_phases": [dataclasses.asdict(phase) for phase in fold_phases],
        "precision": options.precision,
        "seed": options.seed,
    }
    publish(network, fold_networks, encoding, sources, parts.test, folder=options.out, training_card=card)


def synthetic_people(count: int) -> list[Recording]:
    """Recordings of generated people: two minutes at a device of their own, four at desks that all of them share.

    So the same hand at other devices is one person, and other hands at the same device are not: recordings of real people
    hardly ever say either.
    """
    from samples.people import people
    from samples.sessions import session

    everybody = people(count)
    desks = [person.device for person in everybody[:4]]
    return [
        Recording(
            f"synthetic{person.seed}",
            f"synthetic{person.seed}/{day}",
            "enroll" if device is person.device else "elsewhere",
            session(dataclasses.replace(person, device=device), seconds=60, seed=day),
        )
        for person in everybody
        for day, device in enumerate([person.device, person.device, *desks])
    ]


def identity(folder: Path) -> tuple[str, int]:
    """Name and version that a folder such as ``models/base/1`` stands for. Raises ModelError if it is not of that form."""
    if not folder.name.isdecimal():
        raise ModelError(f"{folder} is no folder of a model version; give one such as models/base/1.")
    return folder.absolute().parent.name, int(folder.name)


def publish(
    trained: keras.Model,
    fold_networks: Sequence[keras.Model],
    encoding: Encoding,
    sources: Mapping[str, Sequence[Recording]],
    test: Sequence[Recording],
    *,
    folder: Path,
    training_card: Mapping[str, object],
) -> None:
    """Writes weights, cohort, held-out trials and card of a trained network; mousematch.export makes the rest of them.

    trained: the deep part. fold_networks: deep parts trained without each of crossfit.folds. sources: what they were
    trained on; these people become the cohort. test: recordings of people unseen, may be empty.
    """
    name, number = identity(folder)
    folder.mkdir(parents=True, exist_ok=True)
    keras.mixed_precision.set_global_policy("float32")
    # Virtual people teach the deep part; to be compared with, real ones are better.
    real = {name: recordings for name, recordings in sources.items() if name != "virtual"}
    sources = with_neutral_people(real) if encoding.exact else real
    material = crossfit.material_of(sources, encoding)
    weights.save_weights(weights.with_wide_part(trained, material.discriminant()), folder / WEIGHTS)
    # What is measured is what is shipped: kernels at half precision, computing in float32.
    embed = embedder(weights.load_model(folder / WEIGHTS, size=encoding.size))
    background = [recording for recordings in sources.values() for recording in recordings]
    cohort = accuracy.cohort_of(background, encoding, embed)
    np.savez(folder / COHORT, cohort=cohort.astype(np.float16))

    def held_out_embed(fold: int, wide: Discriminant) -> accuracy.Embed:
        return crossfit.wide_and_deep(wide, embedder(fold_networks[fold]), DEEP_WEIGHT)

    trials = crossfit.held_out_trials("sapimouse", sources, encoding, material, held_out_embed)
    backend = calibration.fit(trials, cohort)
    window_s = _window_s(sources["sapimouse"], encoding)
    np.savez(folder / ERRORS, **accuracy.held_out_of(trials, backend, window_s).arrays())
    held_out = figures(trials, backend)
    print(f"Training people, each scored by parts that have not seen them ({crossfit.FOLDS} folds):")
    print_figures(held_out)
    metrics: dict[str, object] = {"held_out_training_people": held_out}
    if test:
        metrics["sapimouse_unseen_users"] = figures(accuracy.trials(test, encoding, embed, cohort), backend)
    card = {
        "name": name,
        "version": number,
        "created": datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "task": EMBED,
        "encoding": encoding.tag,
        "size": encoding.size,
        "embedding": cohort.shape[1],
        "backend": backend.card(),
        "training": {
            "code_version": __version__,
            "people": {
                name: len({recording.person for recording in recordings}) for name, recordings in real.items()
            },
            "split": (
                f"SapiMouse users below {datasets.TEST_FROM} train, and calibrate in {crossfit.FOLDS} folds in which they "
                "were held out; the rest test"
            ),
            **training_card,
            # Of real people: who is measured must not be among them (mousematch.leakage).
            "recordings": [
                recording_hash(recording.points)
                for name, recordings in real.items()
                if name != "synthetic"
                for recording in recordings
            ],
        },
        # Nobody beyond the training people was used.
        "calibration": {"recordings": []},
        "metrics": metrics,
    }
    weights.write_card(folder, card)
    if test:
        print("People unseen:")
        print_figures(metrics["sapimouse_unseen_users"])  # type: ignore[arg-type]


def _window_s(recordings: Sequence[Recording], encoding: Encoding) -> dict[str, float]:
    """Mean active seconds of a window of each person's test recordings."""
    seconds: dict[str, list[float]] = {}
    for recording in recordings:
        if recording.purpose != "enroll":
            windows = cut(recording.points, encoding.window)
            seconds.setdefault(recording.person, []).extend(active_s(recording.points[window]) for window in windows)
    return {person: float(np.mean(values)) for person, values in seconds.items()}


def figures(trials: Sequence[calibration.Trial], backend: Backend) -> list[dict[str, object]]:
    """Error rates at the reported numbers of windows, as far as sessions have so many, rounded as they go into a card."""
    rows: list[dict[str, object]] = []
    for windows in REPORTED_WINDOWS:
        pieces = calibration.pieces(trials, windows)
        if pieces.genuine.any() and not pieces.genuine.all():
            row = dataclasses.asdict(accuracy.measured(trials, backend, windows))
            rows.append({name: round(value, 4) if isinstance(value, float) else value for name, value in row.items()})
    return rows


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
