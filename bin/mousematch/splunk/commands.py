"""Search commands that work on columns: the base classes under every ``bin/mouse*.py``.

    getinfo ──▶ options checked ──▶ check() ──▶ required_fields() ──▶ reply
    execute ──▶ StreamingColumns    stream(columns) ──▶ reply with the rows
                ReportingColumns    phase=map: map(columns) ──▶ reply with the packed rows
                                    phase=reduce: reduce(columns) … and with the last chunk report() ──▶ reply

They are splunk-sdk's ``StreamingCommand`` and ``ReportingCommand`` with options, configuration and service as there,
but ``stream``, ``map`` and ``reduce`` get Columns (a block of rows) instead of an iterator of dicts. The loop over the
requests is our own: the SDK's loses the errors that ``getinfo`` meets and reads chunks row by row.

An expected error (MouseMatchError) ends the search with one line; an unexpected one too, and its traceback goes to
stderr, which splunkd writes to search.log.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import re
import sys
import tempfile
import traceback
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from splunklib.searchcommands import ReportingCommand, StreamingCommand
from splunklib.searchcommands.internals import ObjectView
from splunklib.searchcommands.search_command import SearchCommand

from mousematch.errors import MouseMatchError, OptionError
from mousematch.splunk.chunks import ROW_INDEX, Body, Columns, Frame, ProtocolError, read_frame, write_frame

# splunkd also starts commands only to ask what they are, for searches with these ids.
_PARSED_ONLY = re.compile(r"|tmp|searchparsetmp.*|.*_tmp")
# splunk-sdk's own options load a logging configuration, which can run code, or write recordings: not for searches.
_SDK_OPTIONS = frozenset(("logging_configuration", "logging_level", "record", "show_configuration"))


class ColumnCommand(SearchCommand):  # type: ignore[misc]  # splunklib is untyped
    """What both kinds of command share: the requests of the chunked protocol, options, messages and errors."""

    _messages: list[tuple[str, str]]
    _metrics: dict[str, Any]
    preview: bool = False

    # What a command may override ---------------------------------------------------------------------------------

    def check(self) -> None:
        """Checks the options; raises OptionError. Runs for getinfo: nothing slow, no numpy, no files."""

    def required_fields(self) -> list[str] | None:
        """The fields that splunkd should send; None for all."""
        return None

    def _replies(self, frame: Frame) -> Iterable[Columns]:
        """The rows that answer one execute request."""
        raise NotImplementedError

    # Messages ----------------------------------------------------------------------------------------------------

    def write_info(self, message: str, *args: Any) -> None:
        """Shows a message in the search with the next reply."""
        self._message("INFO", message, args)

    def write_warning(self, message: str, *args: Any) -> None:
        """Shows a warning in the search with the next reply."""
        self._message("WARN", message, args)

    def write_debug(self, message: str, *args: Any) -> None:
        """Notes something for the job inspector with the next reply."""
        self._message("DEBUG", message, args)

    def write_error(self, message: str, *args: Any) -> None:
        """Shows an error in the search with the next reply. To end the search raise a MouseMatchError instead."""
        self._message("ERROR", message, args)

    def write_metric(self, name: str, value: Any) -> None:
        """Adds a figure to the job inspector with the next reply."""
        self._metrics[f"metric.{name}"] = value

    def prepare(self) -> None:
        """Loads the modules that rows will need; called while they are still to come, as behind a slower command."""

    def _message(self, level: str, message: str, args: tuple[Any, ...]) -> None:
        text = message.format(*args) if args else message
        self._messages.append((level, " ".join(text.split())))

    # The protocol ------------------------------------------------------------------------------------------------

    def process(
        self, argv: Any = None, ifile: Any = sys.stdin, ofile: Any = sys.stdout, allow_empty_input: bool = True
    ) -> None:
        """Serves the requests on ``ifile`` until splunkd closes it. Ends the process with code 1 after an error."""
        self._messages, self._metrics = [], {}
        self._protocol_version = 2
        requests, replies = _binary(ifile), _binary(ofile)
        try:
            try:
                self._serve(requests, replies)
            except (EOFError, BrokenPipeError):
                raise
            except MouseMatchError as exc:
                self._fail(replies, str(exc))
            except Exception as exc:
                traceback.print_exc()
                what = f"{type(exc).__name__}: {exc}"
                self._fail(replies, f"{self.name} failed unexpectedly ({what}); search.log has the traceback.")
        except (EOFError, BrokenPipeError):
            # The search was cancelled; nobody reads on. Python would complain about stdout when it exits.
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), replies.fileno())

    def _serve(self, requests: BinaryIO, replies: BinaryIO) -> None:
        frame = read_frame(requests)
        if frame is None:
            return
        if frame.action != "getinfo":
            raise ProtocolError(f"Expected the action getinfo, not {frame.action!r}.")
        frame.body.drain()
        self._start(frame.metadata)
        write_frame(replies, {**self._announcement(), **self._inspector()})
        if not _PARSED_ONLY.fullmatch(str(getattr(self.metadata.searchinfo, "sid", None) or "")):
            # No request waits for an answer yet: what fails here fails again, and is told, when rows need it.
            with contextlib.suppress(Exception):
                self.prepare()
        while True:
            frame = read_frame(requests)
            if frame is None:
                return
            if frame.action != "execute":
                raise ProtocolError(f"Expected the action execute, not {frame.action!r}.")
            self._finished = frame.finished
            self.preview = bool(frame.metadata.get("preview", self.preview))
            body = Body()
            for columns in self._replies(frame):
                body.add(columns)
            frame.body.drain()
            body.send(replies, {**self._inspector(), "finished": frame.finished})

    def _start(self, metadata: dict[str, Any]) -> None:
        """Takes in what splunkd says about the search, and checks the options."""
        info = metadata.get("searchinfo") or {}
        self._metadata = ObjectView({**metadata, "searchinfo": ObjectView(info)})
        self.preview = bool(metadata.get("preview", False))
        folder = info.get("dispatch_dir")
        if folder and os.path.isdir(folder):
            tempfile.tempdir = folder
        self._read_options(info.get("args") or [])
        self.check()

    def _read_options(self, args: Iterable[str]) -> None:
        self.fieldnames = []
        self.options.reset()
        for arg in args:
            name, equals, value = arg.partition("=")
            if not equals:
                self.fieldnames.append(arg)
                continue
            if name not in self.options or name in _SDK_OPTIONS:
                known = ", ".join(option for option in self.options if option not in _SDK_OPTIONS and option != "phase")
                raise OptionError(f'{self.name} has no option {name}="{value}"; its options are: {known}.')
            try:
                self.options[name].value = value
            except ValueError as exc:
                raise OptionError(f'{name}="{value}" cannot be used by {self.name}: {exc}.') from exc
        missing = self.options.get_missing()
        if missing:
            raise OptionError(f"{self.name} needs a value for: {', '.join(missing)}.")

    def _announcement(self) -> dict[str, Any]:
        fields = self.required_fields()
        if fields is not None:
            self._configuration.required_fields = list(dict.fromkeys(fields))
        return dict(self._configuration.items())

    def _inspector(self) -> dict[str, Any]:
        """The messages and figures since the last reply, for its metadata."""
        inspector: dict[str, Any] = dict(self._metrics)
        if self._messages:
            inspector["messages"] = [list(message) for message in self._messages]
        self._messages, self._metrics = [], {}
        return {"inspector": inspector} if inspector else {}

    def _fail(self, replies: BinaryIO, text: str) -> None:
        text = " ".join(text.split())
        self.write_error("{}", text)
        reply: dict[str, Any] = {} if self._finished is not None else dict(self._configuration.items())
        write_frame(replies, {**reply, **self._inspector(), "error": text, "finished": True})
        raise SystemExit(1)


class StreamingColumns(ColumnCommand, StreamingCommand):  # type: ignore[misc]
    """A streaming command: ``stream(columns)`` answers each block of rows with the block's results."""

    def stream(self, columns: Columns) -> Columns:
        """The rows that these rows become. Fields that are not given back keep the values that splunkd has."""
        raise NotImplementedError

    def _replies(self, frame: Frame) -> Iterator[Columns]:
        for columns in frame.blocks():
            answer = self.stream(columns)
            # By its row numbers splunkd joins a reply with the fields that it did not send.
            if ROW_INDEX in columns and ROW_INDEX not in answer and answer.rows == columns.rows:
                answer[ROW_INDEX] = columns[ROW_INDEX]
            yield answer


class ReportingColumns(ColumnCommand, ReportingCommand):  # type: ignore[misc]
    """A reporting command: ``reduce(columns)`` takes in each block of rows, ``report()`` gives the results at the end.

    One that defines ``map(columns)``, decorated with ``@Configuration()``, announces a map phase, which runs where the
    events are. It must give the same results without: splunkd may send the events straight to ``reduce``.
    """

    def reduce(self, columns: Columns) -> None:
        """Takes in rows."""
        raise NotImplementedError

    def report(self) -> Iterable[Columns]:
        """The results, after the last chunk. All blocks have the same fields."""
        raise NotImplementedError

    def _replies(self, frame: Frame) -> Iterator[Columns]:
        if self.phase == "map":
            for columns in frame.blocks():
                yield self.map(columns)
            return
        for columns in frame.blocks():
            self.reduce(columns)
        if frame.finished:
            yield from self.report()

    def _announcement(self) -> dict[str, Any]:
        has_map = type(self).map is not ReportingCommand.map
        if self.phase == "map":
            if not has_map:
                raise OptionError(f'{self.name} has no map phase; leave phase="map" out.')
            self._configuration = type(self).map.ConfigurationSettings(self)
        elif has_map:
            self._configuration.streaming_preop = self._map_call()
        return super()._announcement()

    def _map_call(self) -> str:
        """This command's own call with phase="map", as SPL."""
        words = [self.name, 'phase="map"']
        for option in self.options.values():
            if option.is_set and option.name != "phase":
                words.append(f"{option.name}={spl_quoted(str(option.value))}")
        return " ".join(words + [spl_quoted(field) for field in self.fieldnames])


def spl_quoted(text: str) -> str:
    """A text as one word of the search language: in quotes unless it is a plain word."""
    if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def run(command: type[ColumnCommand]) -> None:
    """Runs a command as splunkd starts it, requests on stdin and replies on stdout, and ends the process."""
    code = 0
    try:
        command().process(sys.argv, sys.stdin, sys.stdout)
    except SystemExit as exc:
        code = exc.code if isinstance(exc.code, int) else int(exc.code is not None)
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    # The search waits for this end, and taking numpy apart takes a quarter of the time that loading it took.
    os._exit(code)


def _binary(stream: Any) -> BinaryIO:
    binary: BinaryIO = getattr(stream, "buffer", stream)
    return binary

