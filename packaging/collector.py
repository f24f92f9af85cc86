"""Puts the browser collector together: appserver/collector/ → appserver/static/collector/mousematch.{mjs,js}.

    identity, capture, delivery, collector ─┬─▶ mousematch.mjs   export collect
                                            └─▶ mousematch.js    (the same + tag.js) in a function of its own

The sources are modules with comments. What is shipped is one file each, without comments and spaces: what a browser loads
has to be small, and a site has one address to allow. Both are committed, so that a clone can serve them with nothing built.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES, SHIPPED = Path("appserver/collector"), Path("appserver/static/collector")
# Each only uses those before it.
MODULES = ("identity.mjs", "capture.mjs", "delivery.mjs", "collector.mjs")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail if the shipped files are others")
    options = parser.parse_args()
    stale = [name for name, text in shipped(ROOT).items() if _read(ROOT / SHIPPED / name) != text]
    if options.check and stale:
        sys.exit(f"collector.py: {SHIPPED}/{stale[0]} is not what {SOURCES}/ gives; run make collector.")
    for name in stale:
        (ROOT / SHIPPED / name).write_text(shipped(ROOT)[name], encoding="utf-8")
        print(f"==> {SHIPPED}/{name}")


def shipped(root: Path) -> dict[str, str]:
    """The text of each shipped file, by name."""
    core = _small("".join((root / SOURCES / name).read_text(encoding="utf-8") for name in MODULES))
    tag = _small((root / SOURCES / "tag.js").read_text(encoding="utf-8"))
    title = "// Mouse Match's browser collector. Apache-2.0. Its source, with comments: appserver/collector/\n"
    return {
        "mousematch.mjs": title + core + "export { collect };\n",
        "mousematch.js": title + '(() => {\n"use strict";\n' + core + tag + "})();\n",
    }


def _small(source: str) -> str:
    """Source without imports, exports, comments and spaces that mean nothing, named constants as their values.

    Its lines stay lines. What it asks of them: texts in double quotes; no regular expressions; a space on both sides of //
    in comments; nothing but constants named in capitals.
    """
    source = re.sub(r"^import .*\n", "", source, flags=re.M)
    source = re.sub(r"^export ", "", source, flags=re.M)
    source = re.sub(r"(^|[ \t]+)//( .*)?$", "", source, flags=re.M)
    source = re.sub(r"^\s+", "", source, flags=re.M)
    constants = dict(re.findall(r"^const ([A-Z_]+) = (.+);$", source, re.M))
    source = re.sub(r"^const [A-Z_]+ = .+;\n", "", source, flags=re.M)
    for name, value in constants.items():
        source = re.sub(rf"\b{name}\b", value, source)
    code_and_texts = re.split(r'("(?:[^"\\\n]|\\.)*")', source)
    # Not around + and -, where two become another operator.
    code = [re.sub(r" ?(=>|[|]{2}|&&|[][=?:*/<>{}(),;!]) ?", r"\1", part) for part in code_and_texts[::2]]
    code_and_texts[::2] = code
    return "".join(code_and_texts)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    main()
