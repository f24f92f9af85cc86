"""Makes a virtual environment from a lock file; run by ``make env`` with any Python 3.10 to 3.13, standard library only.

    python3 packaging/environment.py .venv                      TensorFlow for CUDA if a GPU answers, else for the CPU
    python3 packaging/environment.py .venv requirements/x.txt   exactly that lock

pip installs uv (requirements/bootstrap.txt) into the environment, uv the rest: TensorFlow's hundreds of megabytes take
a fraction of the time, and the hashes in the lock are checked either way.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"

# Where imports come from besides the environment: the library, and the repository's own packages (searchhead, samples …).
PATHS = (ROOT / "bin", ROOT)


def main(arguments: list[str]) -> None:
    folder = ROOT / arguments[0]
    lock = ROOT / arguments[1] if len(arguments) > 1 else lock_for_this_machine()
    python = folder / "bin" / "python"
    if not python.exists():
        say(f"making {folder.name} with Python {sys.version.split()[0]} ({sys.executable})")
        run(sys.executable, "-m", "venv", str(folder))
    say(f"installing {lock.relative_to(ROOT)} into {folder.name} (a few minutes when nothing is cached)")
    pip = (str(python), "-m", "pip")
    bootstrap = ("--require-hashes", "-r", str(REQUIREMENTS / "bootstrap.txt"))
    run(*pip, "install", "--quiet", "--disable-pip-version-check", *bootstrap)
    run(
        *(str(python), "-m", "uv", "pip", "install", "--python", str(python)),
        *("--require-hashes", "-r", str(lock)),
        *("--build-constraints", str(REQUIREMENTS / "build.txt")),
        env=uv_environment(pip),
    )
    site_packages = next(folder.glob("lib/python3.*/site-packages"))
    (site_packages / "mousematch-repository.pth").write_text("".join(f"{path}\n" for path in PATHS))
    say(f"{folder.name} is ready")


def lock_for_this_machine() -> Path:
    """The lock with CUDA where an NVIDIA GPU answers, else the one for the CPU; TENSORFLOW=cpu or gpu overrides."""
    choice = os.environ.get("TENSORFLOW") or ("gpu" if has_nvidia_gpu() else "cpu")
    if choice not in ("cpu", "gpu"):
        sys.exit(f'TENSORFLOW="{choice}" is unknown; use cpu or gpu.')
    say("TensorFlow with CUDA" if choice == "gpu" else "TensorFlow for the CPU (no NVIDIA GPU answers, or TENSORFLOW=cpu)")
    return REQUIREMENTS / f"{choice}.txt"


def has_nvidia_gpu() -> bool:
    if shutil.which("nvidia-smi") is None:
        return False
    listing = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    return listing.returncode == 0 and "GPU" in listing.stdout


def uv_environment(pip: tuple[str, ...]) -> dict[str, str]:
    """The process environment with pip's own index, certificate and proxy settings in uv's words: uv reads no pip.conf."""
    environment = dict(os.environ)
    listing = subprocess.run([*pip, "config", "list"], capture_output=True, text=True).stdout
    settings = {}
    for line in listing.splitlines():
        name, _, value = line.partition("=")
        settings[name.rpartition(".")[2]] = value.strip().strip("'\"")
    for setting, variable in (("index-url", "UV_DEFAULT_INDEX"), ("cert", "SSL_CERT_FILE"), ("proxy", "ALL_PROXY")):
        if settings.get(setting):
            environment.setdefault(variable, settings[setting])
    # Hard links from uv's cache fail with a warning when the cache lies on another file system; copies always work.
    environment.setdefault("UV_LINK_MODE", "copy")
    # A large wheel over a slow line: uv's 30 s without a byte are too short.
    environment.setdefault("UV_HTTP_TIMEOUT", "300")
    return environment


def run(*command: str, env: dict[str, str] | None = None) -> None:
    finished = subprocess.run(command, env=env)
    if finished.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {finished.returncode}; its message is above.")


def say(sentence: str) -> None:
    print(f"==> {sentence}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
