"""What command tests share: splunkd's REST side, a scorer behind a URL, and a state folder with a model for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mousematch.splunk.kvstore import Collection
from mousematch.splunk.service import connect
from mousematch.templates import COLLECTION, Template, to_document
from tests.commands.protocol import CommandProcess, Result, run
from tests.commands.serving import MODEL, Serving, serving, write_model
from tests.commands.splunkd import Splunkd, splunkd

# The narrow network that the scorer's own tests run is made once for all of them.
from tests.mousematch.scorer.conftest import models as models


@dataclass
class Bench:
    """A search head for commands that compare movement with templates.

    run and start: the command, with the model, the scorer and splunkd of this bench, unless options say otherwise.
    """

    head: Splunkd
    scorer: Serving
    state: Path

    def options(self, args: tuple[str, ...], more: dict[str, Any]) -> tuple[tuple[str, ...], dict[str, Any]]:
        given = {arg.partition("=")[0] for arg in args}
        own = [
            f"{name}={value}" for name, value in (("model", MODEL), ("scorer", self.scorer.url)) if name not in given
        ]
        environment = {"MOUSEMATCH_STATE": str(self.state), **more.pop("env", {})}
        return (*own, *args), {"searchinfo": self.head.searchinfo, "env": environment, **more}

    def run(self, name: str, *args: str, chunks: Any, **more: Any) -> Result:
        args, options = self.options(args, more)
        return run(name, *args, chunks=chunks, **options)

    def start(self, name: str, *args: str, **more: Any) -> CommandProcess:
        args, options = self.options(args, more)
        return CommandProcess(name, *args, **options)

    def enroll(self, *templates: Template) -> None:
        """Puts templates into the KV store."""
        assert self.collection.save([to_document(template) for template in templates]) == {}

    @property
    def collection(self) -> Collection:
        return Collection(lambda: connect(self.head.search), COLLECTION)


@pytest.fixture(scope="module")
def make_bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Bench]]:
    state = tmp_path_factory.mktemp("state")
    write_model(state)
    with splunkd(state) as head, serving() as scorer:
        yield lambda: Bench(head, scorer, state)


@pytest.fixture
def bench(make_bench: Callable[[], Bench]) -> Bench:
    """A bench with an empty store and a scorer in order."""
    fresh = make_bench()
    fresh.scorer.requests, fresh.scorer.fails, fresh.scorer.hangs = [], 0, False
    connect(fresh.head.search).delete(f"storage/collections/data/{COLLECTION}")
    return fresh
