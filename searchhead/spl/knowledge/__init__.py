"""What the app knows about events at search time: fields in their text, calculated fields, lookups, eventtypes and tags.

    events of the indexes ─ extraction ─ calculated fields ─ automatic lookups ─ eventtypes ─ tags ─▶ results

Settings that cannot be used are told as warnings; the search goes on without them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache, cached_property
from itertools import repeat

from ...table import Table, Value
from .. import sql
from ..compile import Scope
from ..engine import Frame
from ..errors import SplError
from ..expressions import parse_condition
from ..needs import Needs
from ..registry import BUILTINS, Run, Session
from ..sql import Sql
from ..syntax import Pipeline, Stage
from .extraction import Extraction, Fields, extraction, verbatim_fails
from .naming import Naming
from .stanzas import Props, Settings

__all__ = ["Knowledge", "of"]

_KIND, _ROW = "\0kind", "\0row"


def of(session: Session) -> Knowledge:
    """The knowledge of the session's app, read once."""
    found: Knowledge = session.memo.setdefault("knowledge", Knowledge(session))
    return found


class Knowledge:
    """The app's props.conf, transforms.conf, eventtypes.conf and tags.conf."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lookups: dict[str, Run | None] = {}

    @cached_property
    def props(self) -> Props:
        """The app's props.conf."""
        return Props(self._session.context.conf("props"))

    @cached_property
    def naming(self) -> Naming:
        """The app's eventtypes and tags."""
        conf = self._session.context.conf
        return Naming(conf("eventtypes"), conf("tags"), self._session.expand)

    @cached_property
    def elsewhere(self) -> frozenset[str]:
        """Fields whose values need not stand in an event's text: indexed ones, and those that search time computes."""
        indexed = [name for name, stanza in self._session.context.conf("fields").items() if stanza.get("INDEXED")]
        made = [
            field
            for settings in self.props.all_settings()
            for field in verbatim_fails(settings, self._session.transforms)
        ]
        return frozenset([*indexed, *made])

    def frame(self, events: Table, needs: Needs) -> Frame:
        """The events with the fields that are needed."""
        kinds: dict[frozenset[tuple[str, str]], int] = {}
        settings: list[Settings] = []

        @cache
        def kind_of(sourcetype: Value, source: Value, host: Value) -> int:
            found = self.props.settings(_one(sourcetype), _one(source), _one(host))
            kind = kinds.setdefault(frozenset(found.items()), len(kinds))
            if kind == len(settings):
                settings.append(found)
            return kind

        names = (_hashable(events.column(field)) for field in ("sourcetype", "source", "host"))
        rows = [kind_of(*name) for name in zip(*names, strict=True)]
        for each in settings:
            needs = needs.more(_read_later(each, self._session.transforms))
        if needs.wants("eventtype") or needs.wants("tag"):
            needs = needs.more(self.naming.texts())
        table = _extracted(events, rows, [self._extraction(each, needs) for each in settings])
        if not needs.wants("_raw"):
            table = table.select([field for field in table.fields if field != "_raw"])
        frame = self._calculated(table, rows, settings, needs)
        return self._named(frame, needs)

    def _extraction(self, settings: Settings, needs: Needs) -> Extraction:
        wants: Callable[[str], bool] = cache(needs.wants)
        return extraction(settings, self._session.transforms, wants, self._warn)

    def _warn(self, text: str) -> None:
        self._session.context.message("warn", text)

    def _calculated(self, table: Table, rows: list[int], settings: list[Settings], needs: Needs) -> Frame:
        """The table in the engine, each kind of event with its calculated fields and lookups."""
        engine = self._session.engine
        if not any(key.startswith(("EVAL-", "LOOKUP-")) for each in settings for key in each):
            return engine.load(table)
        if len(settings) == 1:
            return self._with_lookups(self._with_evals(engine.load(table), settings[0], needs), settings[0], needs)
        marked = table.with_column(_KIND, rows).with_column(_ROW, list(range(len(rows))))
        frame = engine.load(marked)
        parts = []
        for kind, each in enumerate(settings):
            part = engine.filter(frame, f"{frame.columns[_KIND].text} = '{kind}'")
            parts.append(self._with_lookups(self._with_evals(part, each, needs), each, needs))
        whole = engine.concat(parts)
        kept = {field: column for field, column in whole.columns.items() if field not in (_KIND, _ROW)}
        return engine.select(kept, whole.name, f"ORDER BY {sql.number(whole.columns[_ROW])}")

    def _with_evals(self, frame: Frame, settings: Settings, needs: Needs) -> Frame:
        made: dict[str, Sql] = {}
        scope = Scope.of(frame, self._session.engine, self._session.context, "eval")
        for key in sorted(settings):
            field = key.partition("-")[2]
            if not key.startswith("EVAL-") or not needs.wants(field):
                continue
            try:
                value = scope.value(parse_condition(settings[key], command="eval", position=0))
            except SplError as exc:
                self._warn(f"props.conf: {key} cannot be calculated: {exc}")
                continue
            made[field] = Sql(sql.text(value), "text") if value.kind in ("boolean", "null") else value
        return self._session.engine.extend(frame, made) if made else frame

    def _with_lookups(self, frame: Frame, settings: Settings, needs: Needs) -> Frame:
        for key in sorted(key for key in settings if key.startswith("LOOKUP-")):
            outputs = list(verbatim_fails({key: settings[key]}, {}))
            if not any(field == "*" or needs.wants(field) for field in outputs):
                continue
            try:
                frame = _lookup(settings[key])(frame, self._session)
            except SplError as exc:
                self._warn(f"props.conf: {key} cannot be looked up: {exc}")
        return frame

    def _named(self, frame: Frame, needs: Needs) -> Frame:
        for field, value in (("eventtype", self.naming.eventtype), ("tag", self.naming.tag)):
            if needs.wants(field):
                made = value(Scope.of(frame, self._session.engine, self._session.context, "search"))
                if made.kind != "null":
                    frame = self._session.engine.extend(frame, {field: made})
        return frame


def _read_later(settings: Settings, transforms: Mapping[str, Settings]) -> str:
    """The settings' text that names fields which calculated fields, lookups, aliases and extractions read."""
    later = ("EVAL-", "LOOKUP-", "FIELDALIAS-")
    texts = []
    for key, value in settings.items():
        if key.startswith(later) or (key.startswith("EXTRACT-") and " in " in value):
            texts.append(value)
        elif key.startswith("REPORT-"):
            texts += [transforms.get(name.strip(), {}).get("SOURCE_KEY", "") for name in value.split(",")]
    return " ".join(texts)


def _extracted(events: Table, rows: list[int], extractions: list[Extraction]) -> Table:
    """The events with a column for each field that was found in them."""
    if not any(each.rules for each in extractions):
        return events
    names = events.fields
    found: list[Fields] = []
    for values, kind in zip(events.tuples(), rows, strict=True):
        fields: Fields = {name: value for name, value in zip(names, values, strict=True) if value is not None}
        extractions[kind].apply(fields)
        found.append(fields)
    columns: Fields = dict.fromkeys(names)
    for fields in found:
        columns.update(fields)  # for the names
    return Table({name: list(map(dict.get, found, repeat(name))) for name in columns}, len(found))


def _lookup(arguments: str) -> Run:
    def no_subsearch(pipeline: Pipeline, *, given: bool = False) -> tuple[()]:
        return ()

    return BUILTINS["lookup"].parse(Stage("lookup", arguments, 0, 0), no_subsearch)


def _one(value: Value) -> str:
    return value if isinstance(value, str) else ""


def _hashable(values: list[Value]) -> list[Value]:
    return [_one(value) for value in values]
