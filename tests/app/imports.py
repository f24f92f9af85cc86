"""What a module of ``bin/`` imports, at any place in its text, found by reading it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable
from pathlib import Path

BIN = Path(__file__).resolve().parents[2] / "bin"
COMMANDS = sorted(path.stem for path in BIN.glob("mouse*.py") if path.stem != "mousematch_path")


def source(module: str) -> Path | None:
    """The module's file below bin/, or None where it is another package's."""
    stem = BIN.joinpath(*module.split("."))
    return next((path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.is_file()), None)


def imported(path: Path) -> set[str]:
    """Absolute names that the file imports: ``a.b`` for ``import a.b``; ``a`` and ``a.c`` for ``from a import c``."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def reached(modules: Iterable[str], *, without: Iterable[str] = ()) -> tuple[set[str], set[str]]:
    """(modules of bin/, other imported names) that are imported when all of ``modules`` do all that they can.

    without: modules of bin/ whose own imports are left out.
    """
    left_out = set(without)
    own: set[str] = set()
    foreign: set[str] = set()
    waiting = list(modules)
    while waiting:
        module = waiting.pop()
        path = source(module)
        if path is None:
            foreign.add(module)
        elif module not in own | left_out:
            own.add(module)
            waiting += imported(path)
            waiting += [module.rpartition(".")[0]] if "." in module else []
    return own, foreign


def packages(names: Iterable[str]) -> set[str]:
    """Top-level packages of the names, without the standard library's and our own."""
    tops = {name.partition(".")[0] for name in names}
    return tops - set(sys.stdlib_module_names) - {"mousematch", "mousematch_path"}
