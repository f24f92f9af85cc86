"""docs/reference.md from the commands' own help: ``make reference`` writes it, a test holds it to searchbnf.conf.

searchbnf.conf is what Splunk's search bar shows while somebody types a command, so page and search bar say the same.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from searchhead import conf_files

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reference.md"

_HEAD = """\
# Command reference

Generated from the help of the search bar (`default/searchbnf.conf`) by `make reference`. [commands.md](commands.md) explains
every option and field at length.
"""
_OPTION = re.compile(r"\(<(?P<name>[\w-]+)>\)[*?]")
_MEANING = re.compile(r"(?:^|(?<=[.)?] ))((?:\w+)(?:, \w+)*): ")
_ALTERNATIVE = re.compile(r"\s*\|\s*(?![^(]*\))")


def reference(app: Path = ROOT) -> str:
    """The page, in the order of commands.conf."""
    help_of = conf_files.read(app, "searchbnf")
    pages = [_HEAD, _contents(app, help_of)]
    pages += [_command(name, help_of) for name in conf_files.read(app, "commands")]
    return "\n".join(pages)


def _contents(app: Path, help_of: conf_files.Stanzas) -> str:
    lines = ["| command | kind | what it does |", "|---|---|---|"]
    for name in conf_files.read(app, "commands"):
        stanza = help_of[f"{name}-command"]
        lines.append(f"| [`{name}`](#{name}) | {stanza['category']} | {_cell(stanza['shortdesc'])} |")
    return "\n".join(lines) + "\n"


def _command(name: str, help_of: conf_files.Stanzas) -> str:
    stanza = help_of[f"{name}-command"]
    lines = [f"## {name}", "", _prose(stanza["description"]), "", f"    {stanza['syntax'].strip()}", ""]
    for option in _OPTION.finditer(stanza["syntax"]):
        lines += _options(option["name"], help_of[option["name"]])
    number = 1
    while f"example{number}" in stanza:
        lines += [f"{stanza[f'comment{number}'].strip()}", "", f"    {stanza[f'example{number}'].strip()}", ""]
        number += 1
    if related := stanza.get("related"):
        lines += ["See also " + ", ".join(f"[`{other}`](#{other})" for other in related.split()) + ".", ""]
    return "\n".join(lines)


def _options(name: str, stanza: dict[str, str]) -> list[str]:
    """What may stand for ``<name>`` in the syntax: a table of options where the description tells of each by its name."""
    alternatives = {
        each.partition("=")[0]: each for each in _ALTERNATIVE.split(" ".join(stanza["syntax"].split()))
    }
    parts = _MEANING.split(" ".join(stanza["description"].split()))
    lines = ["| option | meaning |", "|---|---|"]
    told: set[str] = set()
    for names, meaning in zip(parts[1::2], parts[2::2], strict=True):
        options = names.split(", ")
        told.update(options)
        written = "<br>".join(f"`{_in_code(alternatives[option])}`" for option in options)
        lines.append(f"| {written} | {_cell(meaning.strip())} |")
    if untold := set(alternatives) - told:
        raise ValueError(f"The description of <{name}> in searchbnf.conf does not tell what {sorted(untold)} mean.")
    return [f"`<{name}>` is any of", "", *lines, ""]


def _in_code(text: str) -> str:
    return text.replace("|", "\\|")


def _prose(text: str) -> str:
    """One paragraph; what looks like a tag or a placeholder stays visible in Markdown."""
    return re.sub(r"<[\w-]+>", lambda match: f"`{match.group()}`", " ".join(text.split()))


def _cell(text: str) -> str:
    return _prose(text).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8")
    sys.stdout.write(f"    {PAGE.relative_to(ROOT)}\n")
