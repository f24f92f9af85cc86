"""Builds dist/mousematch-VERSION.spl, the app as Splunk installs it; run by ``make package``.

The same files give the same bytes: entries are sorted, owners, modes and times fixed, and gzip gets neither name nor time.
Only what INCLUDED names goes in, so that nothing that happens to lie in the working tree does.
"""

from __future__ import annotations

import argparse
import gzip
import io
import re
import sys
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
APP = "mousematch"

# Glob patterns below the repository. Tests, benchmarks, docs, the embedded search head and its sample generator stay out.
INCLUDED = (
    "app.conf",
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "bin/**/*.py",
    "default/*.conf",
    "default/data/ui/**/*.xml",
    "metadata/default.meta",
    "README/*.conf.spec",
    "lookups/*.csv",
    "static/appIcon*.png",
    "appserver/static/**/*",
    "models/*/*/model.json",
    "models/*/*/weights.npz",
    "models/*/*/cohort.npz",
    "models/*/*/errors.npz",
    "models/*/*/model.tflite",
    "models/bots/*/card.json",
    "models/bots/*/trees.npz",
)
VENDORED = ("lib/py39/**/*", "lib/py313/**/*")

# 1980-01-01, the oldest time that every archive format can hold.
TIME = 315_532_800
FILE_MODE = 0o644
FOLDER_MODE = 0o755


class BuildError(Exception):
    """A file that the package needs is missing or contradicts another one."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--output", type=Path, required=True, help="the .spl to write")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    parser.add_argument("--without-lib", action="store_true", help="leave lib/ out (for checks; Splunk could not run it)")
    options = parser.parse_args()
    try:
        files = package_files(options.root, vendored=not options.without_lib)
        write_package(options.root, files, options.output)
    except BuildError as exc:
        sys.exit(f"build.py: {exc}")
    print(f"==> {options.output}: {len(files)} files, {options.output.stat().st_size / 1e6:.1f} MB", flush=True)


def package_files(root: Path, *, vendored: bool) -> list[Path]:
    """The packaged files below ``root``, as sorted relative paths; BuildError if something needed is not there."""
    patterns = INCLUDED + (VENDORED if vendored else ())
    found = {path for pattern in patterns for path in root.glob(pattern) if path.is_file()}
    files = sorted(path.relative_to(root) for path in found if "__pycache__" not in path.parts)
    names = {path.as_posix() for path in files}
    for needed in ("app.conf", "default/app.conf", "README.md", "LICENSE"):
        if needed not in names:
            raise BuildError(f"{needed} is missing in {root}.")
    for model in {path.parent for path in files if path.parts[0] == "models" and path.parts[1] != "bots"}:
        for part in ("model.json", "weights.npz", "model.tflite"):
            if (model / part).as_posix() not in names:
                raise BuildError(f"{model / part} is missing; run make export first.")
    for part in ("models/bots/1/card.json", "models/bots/1/trees.npz"):
        if part not in names:
            raise BuildError(f"{part} is missing in {root}; mousescore reads the bot detector from there.")
    if vendored:
        for tree in ("lib/py39", "lib/py313"):
            if f"{tree}/splunklib/__init__.py" not in names:
                raise BuildError(f"{tree} is missing; run make lib first.")
    check_versions(root)
    return files


def check_versions(root: Path) -> None:
    """The version is said three times (twice for Splunk, once for Python) and must be one."""
    python = (root / "bin" / APP / "__init__.py").read_text(encoding="utf-8")
    conf = (root / "default" / "app.conf").read_text(encoding="utf-8")
    versions = set(re.findall(r'^__version__ = "(.+)"', python, re.M)) | set(re.findall(r"^version = (.+)", conf, re.M))
    if len(versions) != 1:
        listing = ", ".join(sorted(versions))
        raise BuildError(f"default/app.conf and bin/{APP}/__init__.py name different versions: {listing}.")


def write_package(root: Path, files: list[Path], output: Path) -> None:
    """Writes the gzipped tar with everything below a folder ``mousematch``; links become the files they point to."""
    output.parent.mkdir(parents=True, exist_ok=True)
    partial = output.with_name(output.name + ".partial")
    folders = sorted({parent for path in files for parent in path.parents})
    with (
        partial.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", compresslevel=6, fileobj=raw, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for folder in folders:
            archive.addfile(entry(folder, tarfile.DIRTYPE, FOLDER_MODE))
        for path in files:
            content = (root / path).read_bytes()
            archive.addfile(entry(path, tarfile.REGTYPE, FILE_MODE, len(content)), io.BytesIO(content))
    partial.replace(output)


def entry(path: Path, kind: bytes, mode: int, size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo((Path(APP) / path).as_posix())
    member.type, member.mode, member.size, member.mtime = kind, mode, size, TIME
    return member


if __name__ == "__main__":
    main()
