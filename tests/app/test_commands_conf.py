"""Each command that commands.conf names exists, starts, and is documented with the options that it has."""

from __future__ import annotations

import importlib
import re
import runpy
from pathlib import Path

import pytest
from splunklib.searchcommands.search_command import SearchCommand

from searchhead.conf_files import read

APP = Path(__file__).resolve().parents[2]
COMMANDS = read(APP, "commands")
HELP = read(APP, "searchbnf")
SDK_OPTIONS = {"logging_configuration", "logging_level", "record", "show_configuration", "phase"}


def options(name: str) -> set[str]:
    """The options of the command's class."""
    module = importlib.import_module(name)
    classes = [item for item in vars(module).values() if isinstance(item, type) and issubclass(item, SearchCommand)]
    (command,) = [item for item in classes if item.__module__ == name]
    return set(command().options) - SDK_OPTIONS


def test_every_command_file_has_its_stanza() -> None:
    files = {path.name for path in (APP / "bin").glob("mouse*.py")} - {"mousematch_path.py"}

    assert files == {stanza["filename"] for stanza in COMMANDS.values()}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_runs_the_chunked_protocol_on_the_python_versions_of_splunk(name: str) -> None:
    stanza = COMMANDS[name]

    assert re.fullmatch(r"[a-z0-9]+", name)
    assert stanza["filename"] == f"{name}.py"
    assert stanza["chunked"] == "true"
    assert stanza["python.version"] == "python3"
    assert stanza["python.required"] == "3.9, 3.13"
    assert stanza["run_in_preview"] in ("true", "false")
    # Ignored for chunked commands: a value here would mislead its reader.
    assert not set(stanza) & {"passauth", "local", "streaming", "required_fields", "enableheader", "command.arg.1"}


def test_what_writes_is_marked_risky() -> None:
    assert {name for name, stanza in COMMANDS.items() if stanza.get("is_risky") == "true"} == {
        "mouseenroll",
        "mousetrain",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_complete_help(name: str) -> None:
    help_ = HELP[f"{name}-command"]

    for key in ("syntax", "shortdesc", "description", "usage", "example1", "comment1", "related", "category", "tags"):
        assert help_.get(key), key
    assert name in help_["syntax"] and name in help_["example1"]
    assert set(help_["related"].split()) <= set(COMMANDS) - {name}
    assert {key[7:] for key in help_ if key.startswith("example")} == {
        key[7:] for key in help_ if key.startswith("comment")
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_lists_the_options_that_the_command_has(name: str) -> None:
    text = HELP[f"{name}-command"]["syntax"] + " " + HELP.get(f"{name}-option", {}).get("syntax", "")

    assert set(re.findall(r"(\w+)=", text)) == options(name)


@pytest.mark.parametrize("name", COMMANDS)
def test_the_option_help_describes_each_option(name: str) -> None:
    description = HELP.get(f"{name}-option", HELP[f"{name}-command"])["description"]

    assert {option for option in options(name) if not re.search(rf"\b{option}\b", description)} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_docs_describe_the_command_and_each_option(name: str) -> None:
    text = (APP / "docs" / "commands.md").read_text(encoding="utf-8")
    section = text.partition(f"\n## {name}\n")[2].partition("\n## ")[0]

    assert section
    assert {option for option in options(name) if f"`{option}=" not in section} == set()


def test_the_reference_page_is_what_the_commands_own_help_says() -> None:
    generator = runpy.run_path(str(APP / "packaging" / "reference.py"))

    page = (APP / "docs" / "reference.md").read_text(encoding="utf-8")

    assert page == generator["reference"](), "searchbnf.conf changed; run make reference"
