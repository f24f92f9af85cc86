"""How the scorer's process is started: which folder, which command line, which environment."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mousematch import __version__
from mousematch.errors import ScorerUnavailable

BIN = Path(__file__).resolve().parents[2]
# sun_path holds 108 bytes on Linux and 104 on macOS, the closing zero included.
SOCKET_PATH_BYTES = 103
# What Splunk sets for its own Python, and what breaks any other.
_SPLUNKS = ("LD_LIBRARY_PATH", "PYTHONHOME", "PYTHONPATH")


@dataclass(frozen=True)
class Launch:
    """A scorer as mousematch.conf wants it. Searches that differ in nothing but model and idle_s share one process.

    model_roots: folders of the registry. model: the reference loaded first. python: interpreter; "" for this one.
    idle_s: the process ends after so many seconds without a request. threads: CPU threads, 0 for one a core.
    """

    model_roots: tuple[Path, ...]
    model: str = "base"
    executor: str = "auto"
    precision: str = "float32"
    python: str = ""
    idle_s: float = 900.0
    threads: int = 0

    def socket(self, folder: Path) -> Path:
        """The socket of this scorer: named after the app's code and after these values.

        So an upgraded app, or one with other settings, never talks to a process that runs the old ones.
        """
        roots = [str(root.absolute()) for root in self.model_roots]
        settings = repr((roots, self.executor, self.precision, self.python or sys.executable, self.threads))
        return folder / f"scorer-{code_fingerprint()}-{_short_hash(settings)}.sock"

    def command(self, socket: Path, log: Path) -> list[str]:
        """The command line of the process."""
        python = self.python or sys.executable
        if not python:
            raise ScorerUnavailable(
                "This Python does not know its own path; name one in mousematch.conf [scorer] python."
            )
        roots = [part for root in self.model_roots for part in ("--model-root", str(root.absolute()))]
        options = {
            "--socket": socket,
            "--model": self.model,
            "--executor": self.executor,
            "--precision": self.precision,
            "--idle-s": self.idle_s,
            "--threads": self.threads,
            "--log": log,
        }
        return [python, "-m", "mousematch.scorer", *roots, *(str(part) for item in options.items() for part in item)]

    def environment(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The process's environment: the app's library first; nothing of Splunk's Python for another interpreter."""
        # Not resolved: an environment's python is a link to another one's.
        if self.python and os.path.abspath(self.python) != os.path.abspath(sys.executable):
            found = {name: value for name, value in environ.items() if name not in _SPLUNKS}
            vendored: list[str] = []
        else:
            found = dict(environ)
            # The vendored packages that this process runs on.
            vendored = [entry for entry in sys.path if entry.startswith(str(BIN.parent / "lib") + os.sep)]
            vendored += [entry for entry in environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
        found["PYTHONPATH"] = os.pathsep.join(dict.fromkeys([str(BIN), *vendored]))
        # The installed app is not ours to write into, and its packages are shared by two versions of Python.
        found["PYTHONDONTWRITEBYTECODE"] = "1"
        return found

    def start(self, socket: Path, log: Path, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """Starts the process, detached: its own session, no pipe of ours. Raises ScorerUnavailable."""
        try:
            output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError:
            # A full disk costs the log, not the scores.
            output = os.open(os.devnull, os.O_WRONLY)
        command = self.command(socket, log)
        try:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                # The search may end long before the scorer: it must not die with the search's process group, hold the
                # pipes that splunkd waits on, or keep its dispatch folder busy.
                start_new_session=True,
                cwd="/",
                env=self.environment(environ),
            )
        except OSError as exc:
            raise ScorerUnavailable(
                f"The scorer cannot be started with {command[0]} ({exc.strerror}); correct python in mousematch.conf "
                "[scorer]."
            ) from exc
        finally:
            os.close(output)


def run_folder(environ: Mapping[str, str]) -> Path:
    """The folder of sockets, locks and log: made if need be, ours alone (0700). Raises ScorerUnavailable.

    $MOUSEMATCH_STATE/run, else $SPLUNK_HOME/var/run/mousematch, else a folder of this user among the temporary files,
    which also serves where the others' paths are too long for a Unix socket.
    """
    # Not tempfile.gettempdir(): it tries to write, and gives up on a full disk.
    temporary = Path(environ.get("TMPDIR") or "/tmp")
    if environ.get("MOUSEMATCH_STATE"):
        folder = Path(environ["MOUSEMATCH_STATE"]).absolute() / "run"
    elif environ.get("SPLUNK_HOME"):
        folder = Path(environ["SPLUNK_HOME"]).absolute() / "var" / "run" / "mousematch"
    else:
        folder = temporary / f"mousematch-{os.getuid()}"
    if not _fits(folder):
        short = f"mousematch-{os.getuid()}-{_short_hash(str(folder))}"
        folder = temporary / short if _fits(temporary / short) else Path("/tmp") / short
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        found = folder.lstat()
        ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
        if ours and stat.S_IMODE(found.st_mode) != 0o700:
            folder.chmod(0o700)
    except OSError as exc:
        raise ScorerUnavailable(
            f"The folder {folder} for the scorer's socket cannot be made ({exc.strerror}); give the Splunk user write "
            "access and space there."
        ) from exc
    if not ours:
        raise ScorerUnavailable(f"The folder {folder} belongs to somebody else; remove it, or set MOUSEMATCH_STATE.")
    return folder


def code_fingerprint() -> str:
    """Six characters that change with the app's version and with each edit of its library."""
    library = BIN / "mousematch"
    sources = [*(library / "scorer").rglob("*.py"), library / "registry.py", library / "images.py"]
    newest = max(path.stat().st_mtime_ns for path in sources)
    return _short_hash(f"{__version__} {BIN} {newest}")


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / "scorer-123456-123456.sock")) <= SOCKET_PATH_BYTES


def _short_hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogateescape"), digest_size=3).hexdigest()
