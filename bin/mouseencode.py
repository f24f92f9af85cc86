"""mouseencode: mouse telemetry becomes colour images, one row of results per session or per window.

Syntax:   mouseencode [session=<field>] [user=<field>] [time=<field>] [timeunit=s|ms] [x=<field>] [y=<field>]
          [button=<field>] [state=<field>] [encoding=<name>] [window=<windows>] [rows=session|window]
          [neutralise=frame|timer|both] [clock_ms=<milliseconds>] [by <field> ...]

Options:  session   field with the session's name (default: session)
          user      field with the user's name (default: user)
          time      field with a point's time (default: time, else "client timestamp", else timestamp, else _time)
          timeunit  unit of the time field, s or ms (default: s; _time is always in seconds)
          x, y      fields with a point's place in CSS pixels (default: x, y)
          button    field with the button (default: button)
          state     field with the kind of event (default: state, else type)
          encoding  how windows are drawn, as docs/encoding.md says (default: the one that the shipped model reads)
          window    how long a window is: 128p (points), 5s (active seconds), 128p,5s (whichever comes first) or
                    session (default: the encoding's own)
          rows      session: one row per session, image multivalue; window: one row per window (default: session)
          neutralise
                    takes the device's traces from the movement before it is cut and drawn: frame (place on the screen),
                    timer (event rate and clock) or both; to measure how much a score owes to them
          clock_ms  the common clock of neutralise=timer and both (default: 125; 25 is fair where all captures have 60 Hz)
          by        further fields that tell sessions apart and are carried through

Gives:    session user <by-fields> start end active_s points strokes clicks distance_px dropped
          image window_start window_active_s window_distance_px encoding kinematics path_hash
          (and neutralised, if that was asked for; then kinematics and path_hash are empty: the movement is another one)
          (session and user are called so, whatever the fields of the telemetry were called)

Example:  index=web sourcetype=mousematch:telemetry | mouseencode by page | mousescore

Runs as map and reduce: indexers pack the points of their events per session, the search head orders, merges and draws.
The images are the same for any number of indexers, any size of chunks and any order of events. docs/telemetry.md shows
the formats of events that are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import mousematch_path  # noqa: F401  (first: it makes the packages below importable)

# isort: split
from splunklib.searchcommands import Configuration, Option

from mousematch.errors import OptionError
from mousematch.formats.names import (
    ENCODING,
    FIGURES,
    IDENTITY,
    KINEMATICS,
    PACKED_FIELDS,
    PACKED_KEY,
    PATH_HASH,
    PER_WINDOW,
    FieldNames,
)
from mousematch.splunk.chunks import ROW_INDEX, Columns
from mousematch.splunk.commands import ReportingColumns, run

if TYPE_CHECKING:
    from mousematch.encoded import EncodedRow
    from mousematch.formats.dropped import Dropped
    from mousematch.neutral import Coarse, Neutralisation
    from mousematch.sessions import Session, Sessions


RESULT_FIELDS = (*IDENTITY, *FIGURES, *PER_WINDOW, ENCODING, KINEMATICS, PATH_HASH)
NEUTRALISED = "neutralised"

# One reply block of results: enough rows to write CSV at speed, few enough to hold in memory with their images.
REPORT_IMAGES = 256


@Configuration()
class MouseEncodeCommand(ReportingColumns):
    """The command; the module's docstring describes it. numpy and Pillow load with the first chunk, not for getinfo."""

    session = Option(default="session")
    user = Option(default="user")
    time = Option()
    timeunit = Option()
    x = Option(default="x")
    y = Option(default="y")
    button = Option(default="button")
    state = Option()
    encoding = Option()
    window = Option()
    rows = Option(default="session")
    neutralise = Option()
    clock_ms = Option()

    _sessions: Sessions | None = None
    _neutralisation: Neutralisation | None = None
    _coarse: Coarse | None = None

    def check(self) -> None:
        """Checks what can be checked without numpy; encoding and window follow with the first chunk."""
        if self.timeunit not in (None, "s", "ms"):
            raise OptionError(f'timeunit="{self.timeunit}" is no unit; write timeunit=s or timeunit=ms.')
        if self.rows not in ("session", "window"):
            raise OptionError(f'rows="{self.rows}" is unknown; write rows=session or rows=window.')
        if self.clock_ms is not None and self.neutralise is None:
            raise OptionError(f"clock_ms={self.clock_ms} does nothing without neutralise=timer or neutralise=both.")
        for name in ("session", "user", "time", "x", "y", "button", "state"):
            if getattr(self, name) == "":
                raise OptionError(f'{name}="" names no field; leave the option out for its default.')
        self._names = FieldNames(
            session=self.session,
            user=self.user,
            time=self.time,
            timeunit=self.timeunit,
            x=self.x,
            y=self.y,
            button=self.button,
            state=self.state,
            by=self._by_fields(),
        )

    def _by_fields(self) -> tuple[str, ...]:
        words = [word for text in self.fieldnames for word in text.split(",") if word]
        if not words:
            return ()
        if words[0].lower() != "by" or len(words) == 1:
            raise OptionError(
                f'mouseencode cannot use "{" ".join(words)}"; further fields follow the word by: by page.'
            )
        fields = [field for field in dict.fromkeys(words[1:]) if field not in (self.session, self.user)]
        for field in fields:
            if field in self._result_fields():
                raise OptionError(f"by {field}: mouseencode gives a field of that name itself; rename yours first.")
        return tuple(fields)

    def _result_fields(self) -> tuple[str, ...]:
        return (*RESULT_FIELDS, NEUTRALISED) if self.neutralise else RESULT_FIELDS

    def required_fields(self) -> list[str]:
        """Only these: fewer fields in a chunk are the largest gain in speed that there is."""
        return [*(PACKED_FIELDS if self.phase == "reduce" else ()), *self._names.all]

    def prepare(self) -> None:
        import mousematch.formats.reader
        import mousematch.sessions

        if self.phase == "reduce":
            import mousematch.encoded
            import mousematch.neutral
            import mousematch.windows  # noqa: F401

    @Configuration()
    def map(self, columns: Columns) -> Columns:
        """Where the events are: their points, packed per session."""
        from mousematch.formats.reader import read_into
        from mousematch.sessions import Sessions

        sessions = Sessions()
        read_into(sessions, columns.cells, self._names)
        packed, rows = sessions.packed()
        answer = Columns(packed)
        if ROW_INDEX in columns:
            # One of the rows that a packed row is made of: splunkd expects its numbers back, rising.
            numbers = columns.cells[ROW_INDEX]
            answer[ROW_INDEX] = [numbers[row] for row in rows]
        return answer

    def reduce(self, columns: Columns) -> None:
        """On the search head: packed points, or events where there was no map phase."""
        from mousematch.formats.reader import read_into

        sessions = self._begin()
        if PACKED_KEY in columns:
            others = sessions.merge_packed(columns)
            if not others:
                return
            columns = columns.take(others)
        read_into(sessions, columns.cells, self._names)

    def report(self) -> Iterator[Columns]:
        """Orders, cuts and draws each session."""
        from mousematch import encoded

        sessions = self._begin()
        total = sessions.adopt_strays()
        block: list[EncodedRow] = []
        images = 0
        encode = encoded.window_rows if self.rows == "window" else encoded.session_rows
        for row in encode(self._taken(sessions, total), self._encoding, self._window):
            block.append(row)
            images += len(row.image) + 1
            if images >= REPORT_IMAGES:
                yield self._columns(block)
                block, images = [], 0
        if block:
            yield self._columns(block)
        for sentence in total.sentences():
            self.write_warning("{}", f"mouseencode {sentence}")
        coarse = self._coarse.sentence() if self._coarse else None
        if coarse:
            self.write_warning("{}", f"mouseencode: {coarse}")

    def _taken(self, sessions: Sessions, total: Dropped) -> Iterator[Session]:
        """The sessions one by one; ``total`` counts what of them could not be read."""
        for session in sessions.take_all():
            total.update(session.dropped)
            yield self._neutral(session)

    def _neutral(self, session: Session) -> Session:
        if self._neutralisation is None:
            return session
        if self._coarse:
            self._coarse.add(session.points)
        return replace(session, points=self._neutralisation.applied(session.points))

    def _begin(self) -> Sessions:
        if self._sessions is None:
            from mousematch.encoding import DEFAULT, encoding_named
            from mousematch.neutral import Coarse, Neutralisation
            from mousematch.sessions import Sessions
            from mousematch.windows import WindowSpec

            self._encoding = encoding_named(self.encoding or DEFAULT)
            self._window = WindowSpec.parse(self.window) if self.window else self._encoding.window
            if self.neutralise is not None:
                self._neutralisation = Neutralisation.parse(self.neutralise, self.clock_ms)
                self._coarse = Coarse(self._neutralisation.clock_ms) if self._neutralisation.clock_ms else None
            self._sessions = Sessions()
        return self._sessions

    def _columns(self, rows: list[EncodedRow]) -> Columns:
        columns = Columns(rows=len(rows))
        for number, field in enumerate((*IDENTITY, *self._names.by)):
            columns[field] = [row.key[number] for row in rows]
        for number, field in enumerate(FIGURES):
            columns[field] = [row.figures[number] for row in rows]
        for field in PER_WINDOW:
            columns.put_lists(field, [getattr(row, field) for row in rows])
        columns[ENCODING] = [self._encoding.tag] * len(rows)
        # Neutralised movement is nobody's: no hand moves on straight lines between the ticks of a clock.
        measured = self.neutralise is None
        columns[KINEMATICS] = [row.kinematics if measured else "" for row in rows]
        columns.put_lists(PATH_HASH, [row.path_hash if measured else [] for row in rows])
        if self.neutralise is not None:
            columns[NEUTRALISED] = [self.neutralise] * len(rows)
        return columns


if __name__ == "__main__":
    run(MouseEncodeCommand)
