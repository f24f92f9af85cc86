"""Lints the SPL that the app ships with splint: macros, saved searches and dashboard panels; part of ``make check``.

splint's rules find what is slow or truncates silently (join, transaction, leading wildcards, index=*). A finding that is
meant is marked in the SPL itself, as a comment ```` ```noqa: SPL005``` ````.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from searchhead import conf_files

ROOT = Path(__file__).resolve().parent.parent
# What a dashboard puts in: $user|s$ with its quotes, $page$ as it is.
_TOKEN = re.compile(r"\$[\w:. -]+(\|s)?\$")


def main() -> None:
    try:
        from splint.linter import lint_text
    except ImportError:
        print("    skipped: splint-spl needs Python 3.11")
        return
    findings = searches = 0
    for where, spl in shipped_spl(ROOT):
        searches += 1
        for finding in lint_text(spl):
            findings += 1
            print(f"{where}: line {finding.position.line}: {finding.code} {finding.message}")
    if findings:
        sys.exit(f"splint: {findings} findings in {searches} searches")
    print(f"    {searches} searches, no findings")


def shipped_spl(app: Path) -> Iterator[tuple[str, str]]:
    """(place, SPL) of each macro that is no eval expression, each saved search, and each search of a dashboard."""
    for name, stanza in conf_files.read(app, "macros").items():
        if "definition" in stanza and not conf_files.is_true(stanza.get("iseval")):
            yield f"macros.conf [{name}]", stanza["definition"]
    for name, stanza in conf_files.read(app, "savedsearches").items():
        if "search" in stanza:
            yield f"savedsearches.conf [{name}]", stanza["search"]
    for view in sorted((app / "default/data/ui/views").glob("*.xml")):
        for element in ElementTree.parse(view).iter():
            if element.tag == "query" and element.text:
                yield f"{view.name} <query>", element.text.strip()
            elif element.tag == "definition" and element.text:
                for name, source in json.loads(element.text).get("dataSources", {}).items():
                    if "query" in source.get("options", {}):
                        yield f"{view.name} {name}", _TOKEN.sub(_value, source["options"]["query"])


def _value(token: re.Match[str]) -> str:
    """A value as it could stand in place of a token."""
    return '"value"' if token[1] else "1"


if __name__ == "__main__":
    main()
