"""The benchmarks of speed: what ends them, and what they print. Small runs; none is timed."""

from __future__ import annotations

import subprocess
import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

from searchhead.table import Table
from tests.benchmarks.benchmark_files import FOLDER, module

APP = FOLDER.parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.py") if not path.stem.startswith("_"))


@pytest.fixture(scope="module")
def search() -> ModuleType:
    return module("_search")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "benchmarks", *arguments], cwd=APP, capture_output=True, text=True)


def printed_rows(finished: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """The cells of each row for docs/benchmarks.md."""
    lines = [line for line in finished.stdout.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def one_row(**columns: str | None) -> Table:
    return Table.from_columns(
        {name: [value] for name, value in {"match_error": None, "match_llr": "1", **columns}.items()}
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (one_row(match_error="no template", match_llr=None), "no template"),
        (one_row(match_error="no template"), "no template"),
        (one_row(match_llr=None), "rows without scores"),
        (Table.empty(["match_error", "match_llr"]), "rows without scores"),
    ],
)
def test_a_search_with_a_row_that_failed_ends_the_benchmark(search: ModuleType, table: Table, said: str) -> None:
    with pytest.raises(SystemExit, match=said):
        search.scored(table)


def test_a_search_whose_rows_all_have_scores_goes_on(search: ModuleType) -> None:
    table = one_row(match_llr="0.0000")

    assert search.scored(table) is table


def embeddings(search: ModuleType, count: int) -> np.ndarray:
    random = np.random.default_rng(1).normal(size=(count, search.model().card["embedding"])).astype(np.float32)
    return random / np.linalg.norm(random, axis=1, keepdims=True)


def head_that_scores(search: ModuleType, vectors: np.ndarray, *, off: float) -> SimpleNamespace:
    """A search head whose rows have these embeddings' LLRs, the last one wrong by so much."""
    llrs = search.matching.window_llrs(vectors, search.backend().cohort[0], search.backend())
    llrs[-1] += off
    return SimpleNamespace(score=lambda given: given.with_column("window_llr", [f"{llr:.4f}" for llr in llrs]))


@pytest.fixture
def known(search: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """Images of noise in place of the sample's, which a search draws."""
    size = search.model().size
    noise = tuple(np.random.default_rng(2).integers(0, 256, (3, size, size, 3)).astype(np.uint8))
    monkeypatch.setattr(search, "known", lambda count: noise[:count])


@pytest.mark.usefixtures("known")
def test_llrs_within_the_tolerance_are_the_same(search: ModuleType) -> None:
    vectors = embeddings(search, 3)

    found = search.check(head_that_scores(search, vectors, off=5e-4), lambda count: vectors, 3)

    assert 4e-4 < found < 6e-4


@pytest.mark.usefixtures("known")
@pytest.mark.parametrize("off", [2e-3, -2e-3, float("nan")])
def test_one_llr_that_differs_ends_the_benchmark(search: ModuleType, off: float) -> None:
    vectors = embeddings(search, 3)

    with pytest.raises(SystemExit, match=r"LLRs differ by .*; 0\.001 is allowed"):
        search.check(head_that_scores(search, vectors, off=off), lambda count: vectors, 3)


def test_the_tensorflow_peer_has_to_give_the_scorers_llrs(search: ModuleType) -> None:
    same_llrs = module("score").same_llrs
    vectors = embeddings(search, 3)
    llrs = search.matching.window_llrs(vectors, search.backend().cohort[0], search.backend())
    # A session with two windows and one with one.
    scores = Table.from_columns({"window_llr": [[f"{llr:.4f}" for llr in llrs[:2]], f"{llrs[2]:.4f}"]})
    peer = Table.from_columns({"embeddings": [str(vectors[:2].tolist()), str(vectors[2:].tolist())]})
    swapped = Table.from_columns({"embeddings": [str(vectors[1::-1].tolist()), str(vectors[2:].tolist())]})
    short = Table.from_columns({"embeddings": [str(vectors[:1].tolist()), str(vectors[2:].tolist())]})

    assert same_llrs(scores, peer) < 1e-4
    with pytest.raises(SystemExit, match="LLRs differ"):
        same_llrs(scores, swapped)
    with pytest.raises(SystemExit, match="gave 1 embeddings where 2 were scored"):
        same_llrs(scores, short)


def test_two_scores_of_one_image_end_the_benchmark() -> None:
    check_repeats = module("repeated").check_repeats
    check_repeats(Table.from_columns({"image": ["a", "b", "a"], "match_llr": ["1", "2", "1"]}))

    with pytest.raises(SystemExit, match="different scores"):
        check_repeats(Table.from_columns({"image": ["a", "b", "a"], "match_llr": ["1", "2", "3"]}))


def test_a_verdict_is_a_row_of_five_cells(search: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    search.verdict("scoring", "Keras", "≥ 2 ×", "1.9 ×", False)
    search.verdict("scoring", "Keras", "≥ 2 ×", "2.1 ×", True)

    missed, reached = capsys.readouterr().out.splitlines()
    assert missed == "| scoring | Keras | ≥ 2 × | 1.9 × | not reached |"
    assert reached.endswith("| 2.1 × | reached |")


def test_pictures_are_new_for_each_seed_and_the_same_for_one(
    search: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn = tuple(np.full((4, 4, 3), value, np.uint8) for value in (10, 200))
    monkeypatch.setattr(search, "_drawn", lambda: drawn)

    first, again, other = (search.pictures(5, seed) for seed in (1, 1, 2))

    np.testing.assert_array_equal(first, again)
    assert len({one.tobytes() for one in [*first, *other]}) == 10
    assert all((one[1:] == drawn[number % 2][1:]).all() for number, one in enumerate(first))


def test_costs_are_medians_of_the_clock_and_of_cpu_time_apart(search: ModuleType) -> None:
    costs = [search.Cost(1.0, 30.0), search.Cost(2.0, 10.0), search.Cost(9.0, 20.0)]

    assert search.median(costs) == search.Cost(2.0, 20.0)


@pytest.mark.parametrize("name", NAMES)
def test_every_benchmark_says_what_it_does(name: str) -> None:
    finished = subprocess.run([sys.executable, str(FOLDER / f"{name}.py"), "--help"], capture_output=True, text=True)

    assert finished.returncode == 0, finished.stderr
    assert "usage:" in finished.stdout


def test_an_unknown_name_is_refused_and_the_known_are_listed() -> None:
    finished = run("nix")

    assert finished.returncode == 2
    assert finished.stdout == ""
    assert finished.stderr.strip() == f'No benchmark "nix"; there are {", ".join(NAMES)}.'


def test_a_small_run_of_searches_prints_its_row() -> None:
    finished = run("repeated", "--images", "2", "--repetitions", "1")

    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.startswith("==> repeated: A search of 2,300 rows")
    ((what, against, _, measured, verdict),) = printed_rows(finished)
    assert (what, against) == ("5 rows of 2 images", "the 2 once")
    assert "×" in measured
    assert verdict in ("reached", "not reached")


def test_a_small_run_of_templates_counts_all_of_them() -> None:
    finished = run("templates", "--users", "40", "--repetitions", "1")

    assert finished.returncode == 0, finished.stderr
    assert "    40 templates of 40:" in finished.stdout
    (size,) = (line for line in finished.stdout.splitlines() if line.endswith("bytes each"))
    # A template has 192 numbers of four bytes, in base64.
    assert int(size.split()[-3].replace(",", "")) > 192 * 4 * 4 / 3
