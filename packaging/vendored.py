"""Builds lib/py39 and lib/py313: the packages that the app carries for the two Pythons that Splunk runs; ``make lib``.

Wheels for manylinux x86_64 are unpacked from the pinned, hashed locks and pruned to what the app imports: less to install,
less for AppInspect to read, less in the knowledge bundle that goes to the indexers. Nothing of it runs during the build.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from environment import REQUIREMENTS, ROOT, say, uv_environment

PYTHONS = {"py39": "3.9", "py313": "3.13"}

# glibc 2.28 (RHEL 8 and later) is the oldest that Splunk 9.x and 10.x support.
PLATFORM = "x86_64-manylinux_2_28"

# Removed, as glob patterns below a tree: pattern → why nothing misses it.
PRUNED = {
    "bin": "console scripts; executables belong into the app's bin/ only",
    "**/tests": "the packages' own tests",
    "**/*.pyi": "type stubs",
    "**/*.pyx": "Cython sources",
    "**/*.pxd": "Cython declarations",
    "**/*.h": "C headers",
    "**/*.a": "static C libraries",
    "**/*.c": "C sources",
    "**/*.cfg": "build configurations",
    "**/__pycache__": "compiled by another Python",
    "**/py.typed": "marker for type checkers",
    "**/.*": "dot-files; AppInspect refuses them",
    "*.dist-info/RECORD": "file list that pruning makes wrong",
    "*.dist-info/INSTALLER": "installation record",
    "*.dist-info/REQUESTED": "installation record",
    "*.dist-info/direct_url.json": "installation record",
    "*.dist-info/uv_cache.json": "installation record",
    "*.dist-info/sboms": "bills of material of the wheels",
    "*.dist-info/entry_points.txt": "console scripts",
    "numpy/testing": "helpers for tests",
    "numpy/conftest.py": "helpers for tests",
    "numpy/f2py": "Fortran wrappers",
    "numpy/distutils": "build system",
    "numpy/_pyinstaller": "packaging hooks",
    "numpy/_core/lib": "C libraries to link against",
    "ai_edge_litert/aot": "ahead-of-time compiler",
    "ai_edge_litert/tools": "converter and command-line tools",
    "ai_edge_litert/vendors": "back-ends of phone chips",
    "ai_edge_litert/tflite": "converter",
    "ai_edge_litert/internal": "converter",
    "ai_edge_litert/libLiteRtWebGpuAccelerator.so": "GPU of a browser or desktop",
    "ai_edge_litert/*_pb2.py": "messages of the converter",
    "ai_edge_litert/schema_py_generated.py": "model editor",
    "_tools*.so": "MNN's converter",
    "MNN/tools": "MNN's converter",
    "MNN/llm": "language models",
    "MNN/audio": "sound",
    "PIL/_avif*.so": "AVIF; the app reads and writes PNG only",
    "PIL/_webp*.so": "WebP",
    "PIL/_imagingft*.so": "fonts",
    "PIL/_imagingcms*.so": "colour profiles",
    "PIL/_imagingtk*.so": "Tk",
    "pillow.libs/libavif*": "AVIF",
    "pillow.libs/libwebp*": "WebP",
    "pillow.libs/libsharpyuv*": "WebP",
    "pillow.libs/libfreetype*": "fonts",
    "pillow.libs/libharfbuzz*": "fonts",
    "pillow.libs/libbrotli*": "fonts",
    "pillow.libs/libpng16*": "fonts; Pillow decodes PNG itself",
    "pillow.libs/liblcms2*": "colour profiles",
}


def main() -> None:
    for name, version in PYTHONS.items():
        say(f"vendoring lib/{name} for Splunk's Python {version}")
        tree = ROOT / "lib" / name
        shutil.rmtree(tree, ignore_errors=True)
        install(tree, lock=REQUIREMENTS / f"lib-{name}.txt", python_version=version)
        before = size_mb(tree)
        prune(tree)
        say(f"lib/{name}: {size_mb(tree):.0f} MB ({before:.0f} MB before pruning)")


def install(tree: Path, *, lock: Path, python_version: str) -> None:
    """Unpacks the locked wheels into ``tree``; splunk-sdk, which has none, is built from its source (pure Python)."""
    pip = (sys.executable, "-m", "pip")
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(tree), "--no-deps"]
        + ["--python-version", python_version, "--python-platform", PLATFORM]
        + ["--only-binary", ":all:", "--no-binary", "splunk-sdk"]
        + ["--require-hashes", "-r", str(lock), "--build-constraints", str(REQUIREMENTS / "build.txt")],
        env=uv_environment(pip),
        check=True,
    )


def prune(tree: Path) -> None:
    for pattern in PRUNED:
        for path in sorted(tree.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    for path in tree.rglob("*"):
        path.chmod(0o755 if path.is_dir() else 0o644)


def size_mb(tree: Path) -> float:
    return sum(path.stat().st_size for path in tree.rglob("*") if path.is_file()) / 1e6


if __name__ == "__main__":
    main()
