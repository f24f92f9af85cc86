"""What is written into the overlay is what is read again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from searchhead.splunkd.conf_store import ConfStore
from searchhead.splunkd.errors import RestError


@pytest.fixture
def store(tmp_path: Path) -> ConfStore:
    return ConfStore(tmp_path / "app", tmp_path / "state")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.text(st.characters(blacklist_categories=["Cs", "Cc"]) | st.sampled_from("\\\n[]#= ")))
def test_any_value_comes_back(store: ConfStore, value: str) -> None:
    if "x" not in store.read("trial"):
        store.create("trial", "x", {"before": "1"})
    store.update("trial", "x", {"value": value, "after": "2"})

    assert store.get("trial", "x") == {"before": "1", "value": value.strip(), "after": "2"}


@pytest.mark.parametrize("key", ["a\n[evil]\nb", "a=b", "[a", "# a", "", " a"])
def test_a_setting_cannot_smuggle_in_others(store: ConfStore, key: str) -> None:
    with pytest.raises(RestError, match="cannot be written"):
        store.create("trial", "x", {key: "1"})
    assert store.read("trial") == {}


def test_changes_of_the_files_count_at_once(store: ConfStore, tmp_path: Path) -> None:
    default = tmp_path / "app" / "default" / "trial.conf"
    default.parent.mkdir(parents=True)
    assert store.read("trial") == {}
    default.write_text("[a]\nn = 1\nkept = 1\n")
    assert store.read("trial") == {"a": {"n": "1", "kept": "1"}}
    store.update("trial", "a", {"n": "2"})
    store.read("trial")["a"]["n"] = "changed by a reader"
    assert store.read("trial") == {"a": {"n": "2", "kept": "1"}}
    (tmp_path / "state" / "local" / "trial.conf").unlink()
    assert store.read("trial") == {"a": {"n": "1", "kept": "1"}}
