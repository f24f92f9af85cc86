"""Which indexes exist."""

from __future__ import annotations

from searchhead.indexes import definitions


class Confs:
    def __init__(self, stanzas):
        self.stanzas = stanzas

    def read(self, file):
        assert file == "indexes"
        return self.stanzas


def test_built_in_indexes_are_there_without_any_configuration():
    assert list(definitions.read(Confs({}))) == ["main", "summary", "_internal"]
    assert definitions.read(Confs({}))["main"].built_in


def test_stanzas_add_indexes_and_their_limits():
    indexes = definitions.read(
        Confs({"mousematch": {"frozenTimePeriodInSecs": "86400", "maxTotalDataSizeMB": "2"}, "volume:hot": {}, "A b": {}})
    )
    assert list(indexes) == ["main", "summary", "_internal", "mousematch"]
    assert (indexes["mousematch"].kept_s, indexes["mousematch"].largest_bytes) == (86_400, 2_097_152)


def test_a_disabled_index_takes_and_gives_nothing():
    confs = Confs({"mousematch": {"disabled": "true"}, "summary": {"disabled": "1"}})
    assert definitions.read(confs)["mousematch"].disabled
    assert list(definitions.enabled(confs)) == ["main", "_internal"]


def test_a_limit_that_is_no_number_counts_as_unset():
    index = definitions.read(Confs({"a": {"frozenTimePeriodInSecs": "soon"}}))["a"]
    assert index.kept_s == definitions.KEPT_S
