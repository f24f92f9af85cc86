"""The embedded search head of a measurement: its state, its lookups, and the model that its searches name."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.markup import escape

from mousematch.encoding import Encoding, encoding_named
from mousematch.errors import MouseMatchError
from mousematch.registry import ModelVersion, Registry
from mousematch.scorer.client import Client
from mousematch.scorer.launch import Launch
from mousematch.scorer.supervisor import ensure_running, stop
from samples import searches
from samples.searches import ROOT, Row, Search

# On a busy machine an answer may take long, and a measurement waits for it.
TIMEOUT_S = 600
# Splunk starts each command once more before a search, only to ask for its kind; that changes no result and takes time.
_QUICK = ("--parse-launches", "0")
# The scorer of a measurement that was killed leaves by itself.
_CONF = "[scorer]\nidle_s = 180\nstart_timeout_s = 600\n"


@dataclass
class Head:
    """Runs searches one after the other.

    state: where KV store, lookups written by searches and scorer live. lookups: where the raw files are linked.
    """

    state: Path
    lookups: Path
    model: ModelVersion
    console: Console
    _told: set[str] = field(default_factory=set, init=False)

    @classmethod
    def open(cls, state: Path, *, model: str, console: Console) -> Head:
        """A search head with this state folder and this model of its registry. Raises ModelError."""
        state = state.absolute()
        conf = state / "local" / "mousematch.conf"
        if not conf.exists():
            conf.parent.mkdir(parents=True, exist_ok=True)
            conf.write_text(_CONF)
        lookups = state / "raw"
        lookups.mkdir(exist_ok=True)
        version = Registry([state / "models", ROOT / "models"]).resolve(model)
        return cls(state=state, lookups=lookups, model=version, console=console)

    @property
    def encoding(self) -> Encoding:
        """The encoding of the model's images."""
        return encoding_named(self.model.encoding.partition("/")[0])

    def search(self, purpose: str, spl: str) -> list[Row]:
        """The rows of a search. A line says what was searched and how long it took. Raises SearchFailed."""
        messages: list[str] = []
        options = ["--state", str(self.state), "--lookups", str(self.lookups), *_QUICK]
        with self.console.status(purpose):
            try:
                done = searches.run(Search(purpose, spl), options=options, on_message=messages.append)
            except searches.SearchFailed:
                self._told.clear()
                self._show(messages)
                self.console.print(spl, markup=False, soft_wrap=True)
                raise
        self._show([message for message in messages if not message.startswith("INFO")])
        self.console.print(f"  [dim]{done.seconds:6.1f} s  {escape(purpose)}[/]", soft_wrap=True)
        return done.rows

    def forget(self, *lookups: str) -> None:
        """Removes lookups that searches wrote."""
        for lookup in lookups:
            (self.state / "lookups" / lookup).unlink(missing_ok=True)

    def embed(self, images: Sequence[str]) -> NDArray[np.float32]:
        """The embeddings of base64 images from the scorer that the searches use: float32 (n, d)."""
        address = ensure_running(self._launch, environ=self._environ, start_timeout_s=TIMEOUT_S)
        with Client(address, self.model.name, self.model.version, timeout_s=TIMEOUT_S) as client:
            return client.embed(images)

    def close(self) -> None:
        """Ends the scorer."""
        with contextlib.suppress(MouseMatchError, ProcessLookupError):
            stop(self._launch, environ=self._environ)

    @property
    def _launch(self) -> Launch:
        return Launch((self.state / "models", ROOT / "models"), model=self.model.reference, idle_s=180)

    @property
    def _environ(self) -> dict[str, str]:
        return {**os.environ, "MOUSEMATCH_STATE": str(self.state)}

    def _show(self, messages: Sequence[str]) -> None:
        """Prints messages; one that differs from an earlier one in numbers alone is not news."""
        for message in messages:
            kind = re.sub(r"[\d.,]+", "", message.partition(" First: ")[0]).replace("points", "point")
            if kind not in self._told:
                self._told.add(kind)
                self.console.print(f"  [yellow]{escape(message)}[/]", soft_wrap=True)
