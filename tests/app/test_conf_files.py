"""The app's .conf files say what the code does, and touch nothing of other apps."""

from __future__ import annotations

import csv
import re
from dataclasses import fields
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pytest

from mousematch import matching
from mousematch.settings import PolicySettings, Settings
from mousematch.settings import parse as parse_setting
from mousematch.templates import COLLECTION, Template, to_document
from searchhead.conf_files import parse, read

APP = Path(__file__).resolve().parents[2]
CONFS = sorted((APP / "default").glob("*.conf"))
SETTINGS = [setting.name for setting in fields(PolicySettings)]
DOCUMENT = to_document(Template("u", "m/1", "motion/1/64", np.zeros(2, np.float32), 1, 1, 1.0, 0.0, 0.0, "admin"))


@pytest.mark.parametrize("path", CONFS, ids=lambda path: path.name)
def test_a_conf_file_changes_no_defaults_of_other_apps(path: Path) -> None:
    stanzas = parse(path.read_text(encoding="utf-8"), where=path.name)

    assert "default" not in stanzas
    assert all(stanzas.values()), "a stanza without a setting"


@pytest.mark.parametrize("path", CONFS, ids=lambda path: path.name)
def test_a_conf_file_is_ascii_in_its_values_and_has_no_trailing_space(path: Path) -> None:
    for line in path.read_text(encoding="utf-8").splitlines():
        assert line == line.rstrip()
        assert line.startswith("#") or line.isascii(), line


def test_the_collection_and_its_lookup_have_the_fields_of_a_template() -> None:
    collection = read(APP, "collections")[COLLECTION]
    lookup = read(APP, "transforms")[COLLECTION]

    declared = {key[6:] for key in collection if key.startswith("field.")}
    assert declared == set(DOCUMENT) - {"_key"}
    assert {field.strip() for field in lookup["fields_list"].split(",")} == set(DOCUMENT)
    assert lookup["collection"] == COLLECTION


def test_declared_types_fit_the_values_of_a_template() -> None:
    collection = read(APP, "collections")[COLLECTION]
    kinds = {"string": str, "number": (int, float)}

    for name, value in DOCUMENT.items():
        if name != "_key":
            assert isinstance(value, kinds[collection[f"field.{name}"]]), name


def table(name: str) -> list[dict[str, str]]:
    """The rows of a lookup file."""
    with (APP / "lookups" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_risk_table_knows_every_verdict_and_its_risk_is_a_number() -> None:
    rows = table("mousematch_risk.csv")

    verdicts = {matching.MATCH, matching.MISMATCH, matching.INSUFFICIENT, matching.NOT_ENROLLED}
    assert {row["match_verdict"] for row in rows} == verdicts
    assert all(0 <= int(row["risk_score"]) <= 100 and row["next_step"] for row in rows)


def test_the_policies_of_groups_are_ones_that_mousescore_takes_from_rows() -> None:
    policies = table("mousematch_policy.csv")
    groups = table("mousematch_groups.csv")

    assert set(policies[0]) == {"group", "policy", *SETTINGS}
    assert groups[-1] == {"user": "*", "group": "default"}
    assert {row["group"] for row in groups} <= {row["group"] for row in policies}
    for row in policies:
        options = {name: parse_setting(PolicySettings, name, row[name]) for name in SETTINGS if row[name]}
        Settings().policy(row["policy"] or "default").replaced(options).check(row["group"])


@pytest.mark.parametrize("name", read(APP, "transforms"))
def test_a_lookup_has_its_file_or_its_collection(name: str) -> None:
    stanza = read(APP, "transforms")[name]

    if "filename" in stanza:
        assert (APP / "lookups" / stanza["filename"]).is_file()
    else:
        assert stanza["collection"] in read(APP, "collections")


@pytest.mark.parametrize("name", read(APP, "macros"))
def test_a_macro_is_called_with_the_arguments_that_it_names(name: str) -> None:
    macro = read(APP, "macros")[name]
    wanted = re.search(r"\((\d+)\)$", name)

    names = [arg.strip() for arg in macro.get("args", "").split(",") if arg.strip()]
    assert len(names) == (int(wanted[1]) if wanted else 0)
    assert set(re.findall(r"\$(\w+)\$", macro["definition"])) == set(names)


def bundle_pattern(pattern: str) -> re.Pattern[str]:
    """Splunk's path patterns: ``...`` is anything, ``*`` anything but a slash, a dot is a dot."""
    return re.compile(
        pattern.replace(".", r"\.").replace(r"\.\.\.", ".*").replace("*", "[^/]*").replace(".[^/]*", ".*")
    )


def in_bundle(path: str) -> bool:
    """Whether distsearch.conf sends the file to indexers, beside the folders that Splunk sends of itself."""
    rules = read(APP, "distsearch")
    allowed = [bundle_pattern(pattern) for pattern in rules["replicationAllowlist"].values()]
    denied = [bundle_pattern(pattern) for pattern in rules["replicationDenylist"].values()]
    by_itself = re.fullmatch(r"apps/[^/]+/(bin|default|metadata|lookups)/.*", path)
    wanted = by_itself or any(rule.match(path) for rule in allowed)
    return bool(wanted) and not any(rule.match(path) for rule in denied)


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("apps/mousematch/bin/mouseencode.py", True),
        ("apps/mousematch/bin/mousematch/telemetry.py", True),
        ("apps/mousematch/bin/mousematch/formats/reader.py", True),
        ("apps/mousematch/bin/mousematch/splunk/commands.py", True),
        ("apps/mousematch/lib/py39/numpy/__init__.py", True),
        ("apps/mousematch/lib/py313/splunklib/binding.py", True),
        ("apps/mousematch/lib/py313/ai_edge_litert/interpreter.py", False),
        ("apps/mousematch/lib/py313/MNN/expr/__init__.py", False),
        ("apps/mousematch/lib/py39/_mnncengine.cpython-39-x86_64-linux-gnu.so", False),
        ("apps/mousematch/models/base/1/weights.npz", False),
        ("apps/mousematch/bin/mousematch/scorer/server.py", False),
        ("apps/mousematch/bin/mousematch/model.py", False),
        ("apps/mousematch/bin/mousematch/training.py", False),
        ("apps/other/lib/py39/numpy/__init__.py", False),
        ("apps/other/bin/mousematch/model.py", True),
    ],
)
def test_indexers_get_the_map_phase_and_no_model(path: str, sent: bool) -> None:
    assert in_bundle(path) is sent


def test_bundle_rules_stay_within_the_app() -> None:
    for rules in read(APP, "distsearch").values():
        assert all(pattern.startswith("apps/mousematch/") for pattern in rules.values())


def test_telemetry_has_its_time_and_its_keys_extracted() -> None:
    props = read(APP, "props")["mousematch:telemetry"]
    event = (
        '{"v":1, "session":"s-1", "user":"ann \\"x\\"", "tab":"t1", "page":"/p", "page_id":"p7", "viewport":[1440, 789], '
        '"dpr":1.25, "pointer":"mouse", "start":1763822400123, "sent":1763822401000, "seq":4, "points":{}}'
    )

    after = re.search(props["TIME_PREFIX"], event)
    assert after and event[after.end() :].startswith("1763822400123")
    found = {}
    for key, pattern in props.items():
        if key.startswith("EXTRACT-"):
            match = re.search(pattern.replace("(?<", "(?P<"), event)
            found |= match.groupdict() if match else {}
    assert found == {
        "session": "s-1",
        "user": 'ann \\"x\\"',
        "tab": "t1",
        "page": "/p",
        "page_id": "p7",
        "viewport": "1440, 789",
        "dpr": "1.25",
        "pointer": "mouse",
        "sent": "1763822401000",
        "seq": "4",
    }


def test_roles_named_in_the_metadata_are_splunks_or_the_apps() -> None:
    text = (APP / "metadata" / "default.meta").read_text(encoding="utf-8")
    own = {name.removeprefix("role_") for name in read(APP, "authorize")}

    named = {role.strip() for roles in re.findall(r"\[ ([^\]]+) \]", text) for role in roles.split(",")}
    assert named <= own | {"*", "admin", "sc_admin"}
    assert own <= named


@pytest.mark.parametrize("kind", ["commands", "collections", "transforms", "savedsearches"])
def test_the_metadata_names_what_exists(kind: str) -> None:
    text = (APP / "metadata" / "default.meta").read_text(encoding="utf-8")

    assert {unquote(name) for name in re.findall(rf"^\[{kind}/([^\]]+)\]", text, re.M)} <= set(read(APP, kind))
