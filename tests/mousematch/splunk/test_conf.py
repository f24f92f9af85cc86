"""mousematch.conf through splunkd, and from disk where splunkd does not answer."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from mousematch.settings import Settings
from mousematch.splunk.conf import settings_for
from mousematch.splunk.service import connect
from tests.commands.splunkd import splunkd


def test_splunkd_gives_the_settings_with_local_changes(tmp_path: Path) -> None:
    warnings: list[str] = []
    with splunkd(tmp_path) as head:
        shipped = settings_for(head.search, warn=warnings.append)
        connect(head.search).post("configs/conf-mousematch/scorer", idle_s="77")
        changed = settings_for(head.search, warn=warnings.append)

    assert shipped == Settings()
    assert changed.scorer.idle_s == 77
    assert warnings == []


def test_without_splunkd_the_files_count_and_the_user_is_told() -> None:
    warnings: list[str] = []

    settings = settings_for(SimpleNamespace(splunkd_uri="http://127.0.0.1:9", session_key="k"), warn=warnings.append)

    assert settings == Settings()
    assert len(warnings) == 1 and "read from the app's folder" in warnings[0]
