"""Model versions on disk."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mousematch.errors import ModelError
from mousematch.policy import held_out
from mousematch.registry import Registry

CARD = {"name": "base", "version": 1, "encoding": "motion/1/64", "size": 64, "embedding": 4}
BIN = Path(__file__).resolve().parents[2] / "bin"


def write(folder: Path, **changes: Any) -> None:
    """A version's folder with a card."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.json").write_text(json.dumps({**CARD, **changes}))


@pytest.fixture
def local(tmp_path: Path) -> Path:
    return tmp_path / "local"


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    write(tmp_path / "shipped" / "base" / "1")
    write(tmp_path / "shipped" / "base" / "2")
    return tmp_path / "shipped"


@pytest.fixture
def registry(local: Path, shipped: Path) -> Registry:
    return Registry([local, shipped])


def test_a_name_means_the_highest_version(registry: Registry, shipped: Path) -> None:
    found = registry.resolve("base")

    assert (found.reference, found.folder, found.encoding) == ("base/2", shipped / "base" / "2", "motion/1/64")


def test_a_version_can_be_pinned(registry: Registry) -> None:
    assert registry.resolve("base/1").version == 1


def test_versions_of_all_roots_are_one_list_and_the_first_root_goes_before(registry: Registry, local: Path) -> None:
    write(local / "base" / "2", embedding=8)
    write(local / "base" / "10")
    write(local / "mine" / "1")

    assert registry.versions("base") == [1, 2, 10]
    assert registry.names() == ["base", "mine"]
    assert registry.resolve("base/2").embedding == 8
    assert registry.resolve("base").version == 10


def test_the_activated_version_is_the_default_until_another_is_activated(registry: Registry) -> None:
    registry.activate("base", 1)
    assert registry.resolve("base").version == 1

    registry.activate("base", 2)
    assert registry.resolve("base").version == 2


def test_a_version_that_is_not_there_cannot_be_activated(registry: Registry, local: Path) -> None:
    with pytest.raises(ModelError, match='"base" has no version 7; it has 1, 2'):
        registry.activate("base", 7)
    assert not local.exists()


@pytest.mark.parametrize("reference", ["", "/", "base/", "base/x", "base/-1", "../base", "ba se", "base/1/2", "a" * 65, "é"])
def test_a_reference_that_is_none_is_refused_with_an_example(registry: Registry, reference: str) -> None:
    with pytest.raises(ModelError, match="write a name, or name/version such as base/1"):
        registry.resolve(reference)


def test_an_unknown_model_is_answered_with_those_that_there_are(registry: Registry) -> None:
    with pytest.raises(ModelError, match=r'no model "other" in .*\(there: base\)'):
        registry.resolve("other")


def test_an_active_version_that_is_gone_is_named(registry: Registry, local: Path) -> None:
    (local / "base").mkdir(parents=True)
    (local / "base" / "active").write_text("9\n")

    with pytest.raises(ModelError, match='"base" has no version 9'):
        registry.resolve("base")


@pytest.mark.parametrize("content", [b"", b"two", b"\xff\xfe"])
def test_an_unreadable_active_file_is_named(registry: Registry, local: Path, content: bytes) -> None:
    (local / "base").mkdir(parents=True)
    (local / "base" / "active").write_bytes(content)

    with pytest.raises(ModelError, match=r"base/active .*or delete it"):
        registry.resolve("base")


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "cannot be read"),
        ("[]", "is no JSON object"),
        (json.dumps({**CARD, "encoding": "motion"}), 'encoding "motion"'),
        (json.dumps({**CARD, "size": "64"}), 'size "64"'),
        (json.dumps({**CARD, "size": True}), 'size "True"'),
        (json.dumps({**CARD, "embedding": 0}), 'embedding "0"'),
        (json.dumps({**CARD, "size": 32}), 'size 32, but the encoding "motion/1/64"'),
        ("{}", 'encoding "None"'),
    ],
)
def test_a_card_that_cannot_be_used_is_named_with_the_field(
    registry: Registry, shipped: Path, content: str, complaint: str
) -> None:
    card = shipped / "base" / "2" / "model.json"
    card.write_text(content)

    with pytest.raises(ModelError, match=complaint) as caught:
        registry.resolve("base")
    assert str(card) in str(caught.value)


def test_the_cohort_is_read(registry: Registry, shipped: Path) -> None:
    np.savez(shipped / "base" / "2" / "cohort.npz", cohort=np.ones((3, 4), np.float16))

    cohort = registry.resolve("base").cohort()

    assert (cohort.shape, cohort.dtype) == ((3, 4), np.float32)


def test_held_out_scores_are_read_and_optional(registry: Registry, shipped: Path) -> None:
    trials = held_out(genuine_llr=[2.0, 3.0], genuine_s=[10, 20], impostor_llr=[-1.5], impostor_s=[10])
    np.savez(shipped / "base" / "2" / "errors.npz", **trials.arrays())

    found = registry.resolve("base").held_out()

    assert found is not None and found.genuine_llr.tolist() == [2.0, 3.0] and found.impostor_s.tolist() == [10.0]
    assert registry.resolve("base/1").held_out() is None


def test_held_out_scores_that_cannot_be_used_are_named(registry: Registry, shipped: Path) -> None:
    path = shipped / "base" / "2" / "errors.npz"
    model = registry.resolve("base")
    fitting = {"genuine_llr": [1.0], "genuine_s": [1.0], "impostor_llr": [1.0], "impostor_s": [1.0]}

    path.write_bytes(b"no archive")
    with pytest.raises(ModelError, match=r"errors\.npz cannot be read .* publish the model again"):
        model.held_out()
    np.savez(path, **{**fitting, "impostor_s": [1.0, 2.0]})
    with pytest.raises(ModelError, match=r"errors\.npz .*held-out impostor trials"):
        model.held_out()
    del fitting["genuine_s"]
    np.savez(path, **fitting)
    with pytest.raises(ModelError, match=r"errors\.npz .*genuine_s"):
        model.held_out()


def test_a_cohort_that_cannot_be_used_is_named(registry: Registry, shipped: Path) -> None:
    path = shipped / "base" / "2" / "cohort.npz"
    model = registry.resolve("base")
    with pytest.raises(ModelError, match=r"cohort\.npz cannot be read"):
        model.cohort()
    path.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(ModelError, match=r"cohort\.npz cannot be read"):
        model.cohort()
    np.savez(path, other=np.ones(3))
    with pytest.raises(ModelError, match=r"cohort\.npz cannot be read"):
        model.cohort()
    np.savez(path, cohort=np.ones((3, 5)))
    with pytest.raises(ModelError, match=r"shape \(3, 5\)"):
        model.cohort()


def test_publishing_gives_the_next_number_and_makes_it_the_default(registry: Registry, local: Path) -> None:
    published = registry.publish("base", write)

    assert (published.reference, published.folder) == ("base/3", local / "base" / "3")
    assert registry.resolve("base").version == 3
    assert sorted(path.name for path in (local / "base").iterdir()) == ["3"]


def test_publishing_keeps_an_activated_version_active(registry: Registry) -> None:
    registry.activate("base", 1)

    registry.publish("base", write)

    assert registry.resolve("base").version == 1


def test_a_failing_publisher_leaves_the_registry_as_it_was(registry: Registry, local: Path) -> None:
    def fails(folder: Path) -> None:
        write(folder)
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        registry.publish("base", fails)

    assert registry.resolve("base").version == 2
    assert list((local / "base").iterdir()) == []


def test_a_version_without_card_is_not_published(registry: Registry) -> None:
    with pytest.raises(ModelError, match="model card"):
        registry.publish("base", lambda folder: None)

    assert registry.versions("base") == [1, 2]


def test_a_publisher_killed_in_the_middle_leaves_the_active_version(registry: Registry, local: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from mousematch.registry import Registry\n"
        "def write(folder):\n"
        "    (folder / 'model.json').write_text('{}'); os.kill(os.getpid(), 9)\n"
        "Registry([Path(sys.argv[1])]).publish('base', write)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(local)], env={**os.environ, "PYTHONPATH": str(BIN)})

    assert killed.returncode == -signal.SIGKILL
    assert registry.resolve("base").version == 2
    assert registry.publish("base", write).version == 3


def test_publishers_at_once_get_different_numbers(registry: Registry, local: Path) -> None:
    def overtaken(folder: Path) -> None:
        write(folder)
        registry.publish("base", write)

    second = registry.publish("base", overtaken)

    assert second.version == 4
    assert registry.versions("base") == [1, 2, 3, 4]


def test_a_folder_without_card_is_no_version_and_does_not_block_publishing(registry: Registry, local: Path) -> None:
    (local / "base" / "3").mkdir(parents=True)
    (local / "base" / "3" / "weights.npz").write_bytes(b"")

    assert registry.versions("base") == [1, 2]
    assert registry.publish("base", write).version == 4


def test_a_root_that_cannot_be_written_is_named(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ModelError, match="give the Splunk user write access"):
        Registry([tmp_path / "file", shipped]).publish("base", write)


@pytest.mark.parametrize("name", ["", "a/b", "..", ".new", "a b"])
def test_a_name_that_cannot_be_a_folder_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(ModelError, match="cannot name a model"):
        registry.publish(name, write)


def test_a_registry_needs_a_root() -> None:
    with pytest.raises(ModelError, match="name at least one"):
        Registry([])


def test_pinning_keeps_the_active_version_when_a_higher_one_is_published(registry: Registry) -> None:
    assert registry.active("base") == 2

    registry.pin("base")
    published = registry.publish("base", lambda folder: write(folder))

    assert published.version == 3
    assert registry.active("base") == 2
    registry.pin("nobody")
    assert registry.names() == ["base"]


def test_the_head_of_a_classifier_is_read(registry: Registry, shipped: Path) -> None:
    write(shipped / "groups" / "1", task="classify", classes=["a", "b"])
    np.savez(shipped / "groups" / "1" / "classes.npz", directions=np.ones((4, 2), np.float32), bias=np.zeros(2))

    model = registry.resolve("groups")
    head = model.head()

    assert (model.task, head.classes, head.directions.shape) == ("classify", ("a", "b"), (4, 2))
    assert registry.resolve("base").task == "embed"


@pytest.mark.parametrize(
    "directions, complaint", [((3, 2), "embeddings of 3 numbers"), ((4, 3), "for 2 classes"), (None, "cannot be read")]
)
def test_a_head_that_cannot_be_used_is_named(
    registry: Registry, shipped: Path, directions: tuple[int, int] | None, complaint: str
) -> None:
    write(shipped / "groups" / "1", task="classify", classes=["a", "b"])
    if directions:
        np.savez(shipped / "groups" / "1" / "classes.npz", directions=np.ones(directions), bias=np.zeros(2))

    with pytest.raises(ModelError, match=complaint) as caught:
        registry.resolve("groups").head()
    assert "publish the model again" in str(caught.value)


def test_a_model_that_compares_people_has_no_classes(registry: Registry) -> None:
    with pytest.raises(ModelError, match="has no classes; it compares people"):
        registry.resolve("base").head()
