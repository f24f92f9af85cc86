"""Fields out of an event's text, as one sourcetype's settings say: EXTRACT-, REPORT-, KV_MODE and FIELDALIAS-.

They work in this order, each kind's classes by name; a field that is there already is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ...conf_files import is_true
from ...table import Value
from .. import patterns, stash
from ..errors import SplError
from . import key_values
from .key_values import Wants
from .stanzas import Settings

Fields = dict[str, Value]
Rule = Callable[[Fields], None]
Warn = Callable[[str], None]

_MODES = ("none", "auto", "auto_escaped", "json", "stash")
_IN_FIELD = re.compile(r"(.*\S)\s+in\s+([A-Za-z_][\w.]*)", re.DOTALL)
_FORMAT_PAIR = re.compile(r'("[^"]*"|[^\s:]+)::("[^"]*"|\S+)')
_ALIAS = re.compile(r'("[^"]*"|[^\s,]+)\s+(AS|ASNEW)\s+("[^"]*"|[^\s,]+)', re.IGNORECASE)


@dataclass(frozen=True)
class Extraction:
    """What to do with the events of one kind; ``apply`` fills in the fields of one, given with its _raw."""

    rules: tuple[Rule, ...]

    def apply(self, fields: Fields) -> None:
        """Add what the rules find."""
        for rule in self.rules:
            rule(fields)


def extraction(settings: Settings, transforms: Mapping[str, Settings], wants: Wants, warn: Warn) -> Extraction:
    """The rules of these settings that give a wanted field; ``warn`` hears of settings that cannot be used."""
    rules: list[Rule] = []
    for key, value in _classes(settings, "EXTRACT-"):
        rules += _inline(key, value, wants, warn)
    for key, value in _classes(settings, "REPORT-"):
        for name in (part.strip() for part in value.split(",")):
            if name and name not in transforms:
                warn(f"props.conf: {key} names the transform '{name}', which transforms.conf does not have.")
            elif name:
                rules += _transform(name, transforms[name], wants, warn)
    rules += _automatic(settings, wants, warn)
    aliases = [rule for key, value in _classes(settings, "FIELDALIAS-") if (rule := _alias(value, wants))]
    return Extraction((*rules, *aliases))


def verbatim_fails(settings: Settings, transforms: Mapping[str, Settings]) -> Iterator[str]:
    """Fields whose values need not stand in the event's text as they are; ``*`` for names that are not known."""
    for key, value in settings.items():
        if key.startswith("EVAL-"):
            yield key[len("EVAL-") :]
        elif key.startswith("LOOKUP-"):
            yield from _lookup_outputs(value)
        elif key.startswith("FIELDALIAS-"):
            yield from (_bare(new) for _, _, new in _ALIAS.findall(value))
        elif key.startswith("REPORT-"):
            for name in value.split(","):
                form = transforms.get(name.strip(), {}).get("FORMAT", "")
                yield from (
                    _bare(field) for field, made in _FORMAT_PAIR.findall(form) if not re.fullmatch(r"\$\d+", made)
                )


def _lookup_outputs(value: str) -> list[str]:
    _, separator, outputs = _partition_output(value)
    if not separator:
        return ["*"]
    return [
        _bare(new or old) for old, new in re.findall(r'("[^"]*"|[^\s,]+)(?:\s+AS\s+("[^"]*"|[^\s,]+))?', outputs, re.I)
    ]


def _partition_output(value: str) -> tuple[str, str, str]:
    found = re.split(r"\s+(OUTPUT|OUTPUTNEW)\s+", value, maxsplit=1, flags=re.IGNORECASE)
    return (found[0], found[1], found[2]) if len(found) == 3 else (value, "", "")


def _classes(settings: Settings, prefix: str) -> list[tuple[str, str]]:
    return sorted((key, value) for key, value in settings.items() if key.startswith(prefix) and value)


def _compiled(regex: str, where: str, warn: Warn) -> re.Pattern[str] | None:
    try:
        return patterns.compiled_pattern(regex, where)
    except SplError:
        warn(f"{where} is no regex that can be used; its fields are missing: {regex}")
        return None


def _inline(key: str, value: str, wants: Wants, warn: Warn) -> list[Rule]:
    source = "_raw"
    if match := _IN_FIELD.fullmatch(value):
        value, source = match.groups()
    pattern = _compiled(value, f"props.conf: {key}", warn)
    names = [name for name in (pattern.groupindex if pattern else ()) if wants(name)]
    if pattern is None or not names:
        return []
    search = pattern.search

    def rule(fields: Fields) -> None:
        text = fields.get(source)
        if isinstance(text, str) and (match := search(text)):
            for name in names:
                if name not in fields and (found := match[name]):
                    fields[name] = found

    return [rule]


def _transform(name: str, stanza: Settings, wants: Wants, warn: Warn) -> list[Rule]:
    source = stanza.get("SOURCE_KEY", "_raw")
    many = is_true(stanza.get("MV_ADD"))
    cleaned = key_values.clean if is_true(stanza.get("CLEAN_KEYS"), default=True) else (lambda key: key)
    if "DELIMS" in stanza:
        found = _delimited(stanza, cleaned)
    elif "REGEX" in stanza:
        pattern = _compiled(stanza["REGEX"], f"transforms.conf: REGEX of [{name}]", warn)
        if pattern is None:
            return []
        found = _matched(pattern, stanza.get("FORMAT", ""), cleaned)
    else:
        warn(f"transforms.conf: [{name}] has neither REGEX nor DELIMS; it extracts nothing.")
        return []

    def rule(fields: Fields) -> None:
        text = fields.get(source)
        if not isinstance(text, str):
            return
        added: dict[str, list[str]] = {}
        for field, value in found(text):
            if value and field and wants(field) and field not in fields and (many or field not in added):
                added.setdefault(field, []).append(value)
        for field, values in added.items():
            fields[field] = values if len(values) > 1 else values[0]

    return [rule]


Pairs = Iterator[tuple[str, str]]


def _matched(pattern: re.Pattern[str], form: str, cleaned: Callable[[str], str]) -> Callable[[str], Pairs]:
    """What a regex finds: as FORMAT says, else by its named groups, ``_KEY_n`` and ``_VAL_n`` among them."""
    if form:
        templates = [(_bare(field), _bare(value)) for field, value in _FORMAT_PAIR.findall(form)]

        def formatted(text: str) -> Pairs:
            for match in pattern.finditer(text):
                for field, value in templates:
                    key = _filled(field, match)
                    yield (cleaned(key) if "$" in field else key), _filled(value, match)

        return formatted

    keyed = [(f"_KEY_{n}", f"_VAL_{n}") for n in range(1, 10) if {f"_KEY_{n}", f"_VAL_{n}"} <= set(pattern.groupindex)]
    named = [group for group in pattern.groupindex if not re.fullmatch(r"_(KEY|VAL)_\d", group)]

    def grouped(text: str) -> Pairs:
        for match in pattern.finditer(text):
            for key, value in keyed:
                yield cleaned(match[key] or ""), match[value] or ""
            for group in named:
                yield group, match[group] or ""

    return grouped


def _filled(template: str, match: re.Match[str]) -> str:
    def group(number: re.Match[str]) -> str:
        index = int(number[1])
        return (match[index] or "") if index <= (match.re.groups or 0) else ""

    return re.sub(r"\$(\d)", group, template)


def _delimited(stanza: Settings, cleaned: Callable[[str], str]) -> Callable[[str], Pairs]:
    """DELIMS: one set of characters with FIELDS, or one between pairs and one between key and value."""
    written = re.findall(r'"((?:[^"\\]|\\.)*)"', stanza["DELIMS"])
    delimiters = [
        re.sub(r"\\(.)", lambda m: {"t": "\t", "n": "\n", "r": "\r"}.get(m[1], m[1]), part) for part in written
    ]
    fields = [_bare(name.strip()) for name in stanza.get("FIELDS", "").split(",") if name.strip()]
    between = re.compile(f"[{re.escape(delimiters[0])}]") if delimiters and delimiters[0] else re.compile(r"\n")
    if len(delimiters) < 2:
        return lambda text: ((f, v.strip().strip('"')) for f, v in zip(fields, between.split(text), strict=False))
    equals = re.compile(f"[{re.escape(delimiters[1])}]") if delimiters[1] else re.compile("=")

    def pairs(text: str) -> Pairs:
        for piece in between.split(text):
            key, *value = equals.split(piece, maxsplit=1)
            if value:
                yield cleaned(key.strip()), value[0].strip().strip('"')

    return pairs


def _automatic(settings: Settings, wants: Wants, warn: Warn) -> list[Rule]:
    mode = (settings.get("KV_MODE") or "auto").strip().lower()
    if mode not in _MODES:
        warn(f"props.conf: KV_MODE = {mode} is not known here; it is one of {', '.join(_MODES[:4])}.")
        return []
    if mode == "none":
        return []
    json_too = mode == "json" or (mode != "stash" and is_true(settings.get("AUTO_KV_JSON"), default=True))

    def rule(fields: Fields) -> None:
        text = fields.get("_raw")
        if not isinstance(text, str):
            return
        found: Fields = {}
        if json_too and text.lstrip()[:1] in ("{", "["):
            found = key_values.leaves(text, wants)
        elif mode == "stash":
            found = stash.pairs(text, wants)
        elif mode != "json":
            found = key_values.pairs(text, wants, escaped=mode == "auto_escaped")
        found.update(fields)  # what is there already stays as it is
        fields.update(found)

    return [rule]


def _alias(value: str, wants: Wants) -> Rule | None:
    """``old AS new``: the new name has the old one's value, or none; with ASNEW only where it has no value of its own."""
    pairs = [(_bare(old), _bare(new), way.lower() == "asnew") for old, way, new in _ALIAS.findall(value)]
    pairs = [pair for pair in pairs if wants(pair[1])]
    if not pairs:
        return None

    def rule(fields: Fields) -> None:
        for old, new, only_new in pairs:
            if only_new and new in fields:
                continue
            if old in fields:
                fields[new] = fields[old]
            else:
                fields.pop(new, None)

    return rule


def _bare(name: str) -> str:
    return name[1:-1] if len(name) >= 2 and name[0] == name[-1] == '"' else name
