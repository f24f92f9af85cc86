"""splunkd's side of the chunked protocol, for tests: starts a command of ``bin/`` as a process and talks frames to it.

Written on its own, without the app's chunk code, so that both sides cannot be wrong together.

    with CommandProcess("mouseencode", "rows=window", "by", "page") as command:
        announced = command.getinfo()
        reply = command.execute([{"session": "s1", "x": "1", …}, …], finished=True)
        reply.rows                      # list of dicts; a multivalue field is a list
    command.exit_code

    run("mouseencode", chunks=[rows, rows])                        # → Result: rows, messages, error, exit_code
    run_map_reduce("mouseencode", indexers=[[rows], [rows, rows]]) # the map phase once an indexer, then reduce
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

APP = Path(__file__).resolve().parent.parent.parent
Value = str | list[str]
Row = Mapping[str, Value]


@dataclass
class Reply:
    """One frame from the command."""

    metadata: dict[str, Any]
    body: bytes
    fields: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def messages(self) -> list[tuple[str, str]]:
        return [(level, text) for level, text in self.metadata.get("inspector", {}).get("messages", [])]

    @property
    def error(self) -> str | None:
        return self.metadata.get("error")


@dataclass
class Result:
    """What a whole run of a command gave."""

    rows: list[dict[str, Any]]
    messages: list[tuple[str, str]]
    error: str | None
    exit_code: int
    stderr: str
    replies: list[Reply]


class CommandProcess:
    """A command as a process, driven as splunkd drives it."""

    def __init__(
        self,
        name: str,
        *args: str,
        python: str | Sequence[str] = sys.executable,
        script: Path | None = None,
        env: Mapping[str, str] | None = None,
        searchinfo: Mapping[str, Any] | None = None,
    ) -> None:
        self.name, self.args = name, args
        self._folder = tempfile.TemporaryDirectory(prefix="dispatch-")
        self._stderr: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the object)
        self.searchinfo = {
            "args": list(args),
            "raw_args": [shlex.quote(arg) for arg in args],
            "dispatch_dir": self._folder.name,
            "sid": "1700000000.1",
            "app": "mousematch",
            "owner": "admin",
            "username": "admin",
            "session_key": "test-session-key",
            "splunkd_uri": "https://127.0.0.1:8089",
            "splunk_version": "10.2.3",
            "search": "%7C%20" + name,
            "command": name,
            "maxresultrows": 50000,
            "earliest_time": "0",
            "latest_time": "0",
            **(searchinfo or {}),
        }
        interpreter = [python] if isinstance(python, str) else list(python)
        self.process = subprocess.Popen(
            [*interpreter, str(script or APP / "bin" / f"{name}.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **(env or {})},
        )
        self.exit_code: int | None = None

    def getinfo(self, **more: Any) -> Reply:
        """The first exchange."""
        request = {"action": "getinfo", "preview": False, "streaming_command_will_restart": False}
        self.send({**request, "searchinfo": self.searchinfo, **more})
        return self.receive()

    def execute(self, rows: Iterable[Row] | bytes = (), *, finished: bool = False, fields: Sequence[str] = ()) -> Reply:
        """Sends one chunk and gives its reply. ``fields`` alone make a header-only chunk."""
        body = rows if isinstance(rows, bytes) else to_csv(rows, fields)
        self.send({"action": "execute", "finished": finished}, body)
        return self.receive()

    def send(self, metadata: Mapping[str, Any], body: bytes = b"") -> None:
        head = json.dumps(metadata).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"chunked 1.0,%d,%d\n" % (len(head), len(body)) + head + body)
        self.process.stdin.flush()

    def receive(self) -> Reply:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        match = re.fullmatch(rb"chunked 1\.0,(\d+),(\d+)\n", line)
        assert match, f"no frame from {self.name}, but {line!r}; stderr: {self.stderr()}"
        metadata = json.loads(self.process.stdout.read(int(match[1])))
        body = self.process.stdout.read(int(match[2]))
        return Reply(metadata, body, *from_csv(body))

    def stderr(self) -> str:
        self._stderr.seek(0)
        return self._stderr.read().decode(errors="replace")

    def close(self, timeout_s: float = 30) -> int:
        """Closes the pipe, as splunkd does after the last reply, and waits for the end. Nothing may follow a reply."""
        if self.exit_code is None:
            assert self.process.stdin is not None and self.process.stdout is not None
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.close()
            rest = self.process.stdout.read()
            self.exit_code = self.process.wait(timeout_s)
            self.process.stdout.close()
            self._folder.cleanup()
            assert rest == b"", f"unasked output: {rest[:200]!r}"
        return self.exit_code

    def __enter__(self) -> CommandProcess:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None:
            self.process.kill()
            self.process.wait()
            return
        self.close()


def run(name: str, *args: str, chunks: Iterable[Iterable[Row] | bytes], **options: Any) -> Result:
    """Runs a command over the chunks; then a last, header-only one, as splunkd sends it to streaming commands."""
    with CommandProcess(name, *args, **options) as command:
        replies = [command.getinfo()]
        for chunk in [*chunks, b""]:
            if replies[-1].error:
                break
            finished = isinstance(chunk, bytes) and not chunk
            replies.append(command.execute(chunk, finished=finished))
        exit_code = command.close()
        stderr = command.stderr()
    return Result(
        rows=[row for reply in replies for row in reply.rows],
        messages=[message for reply in replies for message in reply.messages],
        error=replies[-1].error,
        exit_code=exit_code,
        stderr=stderr,
        replies=replies,
    )


def run_map_reduce(name: str, *args: str, indexers: Iterable[Iterable[Iterable[Row]]], **options: Any) -> Result:
    """Runs a reporting command with its announced map phase: one map process an indexer, their replies into reduce."""
    with CommandProcess(name, *args, **options) as probe:
        announced = probe.getinfo()
    words = shlex.split(announced.metadata["streaming_preop"])
    assert words[0] == name
    packed: list[bytes] = []
    messages: list[tuple[str, str]] = []
    for chunks in indexers:
        mapped = run(name, *words[1:], chunks=chunks, **options)
        assert mapped.error is None, mapped.error
        messages += mapped.messages
        packed += [reply.body for reply in mapped.replies if reply.rows]
    result = run(name, *args, chunks=packed, **options)
    result.messages = messages + result.messages
    return result


def to_csv(rows: Iterable[Row], fields: Sequence[str] = ()) -> bytes:
    """Rows as splunkd writes them: LF, data columns first, then ``__mv_`` columns, quoted unless alphanumeric."""
    rows = list(rows)
    names = list(dict.fromkeys([*fields, *(name for row in rows for name in row)]))
    if not names:
        return b""
    many = [name for name in names if any(isinstance(row.get(name), list) for row in rows)]
    lines = [",".join(_quoted(name) for name in names + ["__mv_" + name for name in many])]
    for row in rows:
        values = [row.get(name, "") for name in names]
        cells = ["\n".join(value) if isinstance(value, list) else value for value in values]
        lines.append(",".join(map(_quoted, cells + [_encoded(row.get(name, "")) for name in many])))
    return ("\n".join(lines) + "\n").encode()


def _quoted(cell: str) -> str:
    return cell if cell.isascii() and cell.isalnum() else '"' + cell.replace('"', '""') + '"'


def _encoded(value: Value) -> str:
    if not isinstance(value, list):
        return ""
    return ";".join("$" + item.replace("$", "$$") + "$" for item in value)


def from_csv(body: bytes) -> tuple[list[str], list[dict[str, Any]]]:
    """Fields and rows of a body; a field whose ``__mv_`` column has something is a list."""
    lines = list(csv.reader(io.StringIO(body.decode(), newline="")))
    if not lines:
        return [], []
    header, rows = lines[0], []
    for line in lines[1:]:
        assert len(line) == len(header), f"{len(line)} cells under {len(header)} fields: {line!r}"
        cells = dict(zip(header, line))
        row: dict[str, Any] = {name: cell for name, cell in cells.items() if not name.startswith("__mv_")}
        for name, cell in cells.items():
            if name.startswith("__mv_") and cell:
                row[name[5:]] = [item.replace("$$", "$") for item in re.findall(r"\$((?:\$\$|[^$])*)\$(?:;|$)", cell)]
        rows.append(row)
    return [name for name in header if not name.startswith("__mv_")], rows


csv.field_size_limit(2**31 - 1)
