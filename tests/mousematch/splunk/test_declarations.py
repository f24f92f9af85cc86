"""Options and configurations say to splunkd what splunk-sdk's say."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from splunklib import searchcommands as sdk

from mousematch.splunk.commands import ReportingColumns, StreamingColumns
from mousematch.splunk.declarations import Configuration, Option
from mousematch.splunk.generating import GeneratingColumns

# splunk-sdk lowers what a field may have, for the whole process.
csv.field_size_limit(2**31 - 1)


def by_sdk(command: Any, fields: list[str] | None) -> dict[str, Any]:
    made = command()
    made._protocol_version = 2
    if fields is not None:
        made._configuration.required_fields = fields
    return dict(made._configuration.items())


def streaming(base: Any, configured: Any) -> Any:
    return configured(type("SomeCommand", (base,), {"stream": lambda self, records: records}))


@pytest.mark.parametrize("settings", [{}, {"distributed": True}, {"distributed": False}])
@pytest.mark.parametrize("fields", [None, ["a", "b"]])
def test_a_streaming_command_announces_itself_as_splunk_sdks(
    settings: dict[str, Any], fields: list[str] | None
) -> None:
    theirs = streaming(sdk.StreamingCommand, sdk.Configuration(**settings))
    ours = streaming(StreamingColumns, Configuration(**settings))
    ours.required_fields = lambda self: fields

    announced = ours()._announcement()

    assert list(announced.items()) == list(by_sdk(theirs, fields).items())
    assert ours.name == theirs.name == "some"


@pytest.mark.parametrize("settings", [{}, {"run_in_preview": True}, {"run_in_preview": False}])
@pytest.mark.parametrize("fields", [None, ["a", "b"]])
def test_a_reporting_command_announces_itself_as_splunk_sdks(
    settings: dict[str, Any], fields: list[str] | None
) -> None:
    body = {"reduce": lambda self, records: records}
    theirs = sdk.Configuration(**settings)(type("Counts", (sdk.ReportingCommand,), body))
    ours = Configuration(**settings)(
        type("Counts", (ReportingColumns,), {**body, "required_fields": lambda self: fields})
    )

    assert list(ours()._announcement().items()) == list(by_sdk(theirs, fields).items())
    assert ours.name == theirs.name == "counts"


@pytest.mark.parametrize("settings", [{}, {"distributed": True}, {"distributed": False}])
def test_a_generating_command_announces_itself_as_splunk_sdks(settings: dict[str, Any]) -> None:
    theirs = sdk.Configuration(**settings)(type("Make", (sdk.GeneratingCommand,), {"generate": lambda self: []}))
    ours = Configuration(**settings)(type("Make", (GeneratingColumns,), {"generate": lambda self: []}))

    assert list(ours()._announcement().items()) == list(by_sdk(theirs, None).items())


def test_options_come_in_splunk_sdks_order_with_their_names() -> None:
    class Theirs(sdk.ReportingCommand):
        zoo = sdk.Option(name="animal")
        by_ = sdk.Option(default="x")
        ape = sdk.Option(require=True)

        def reduce(self, records: Any) -> Any:
            return records

    class Ours(ReportingColumns):
        zoo = Option(name="animal")
        by_ = Option(default="x")
        ape = Option(require=True)

    inner = {"logging_configuration", "logging_level", "record", "show_configuration"}

    theirs = [name for name in sdk.Configuration()(Theirs)().options if name not in inner]

    assert list(Ours().options) == theirs == ["ape", "by_", "phase", "animal"]
    assert (Ours().by_, Ours().zoo, Ours().phase) == ("x", None, "reduce")


def test_two_commands_of_one_class_do_not_share_values() -> None:
    class Command(StreamingColumns):
        name = "command"
        field = Option(default="a")

    first, second = Command(), Command()
    first._read_options(["field=b"])

    assert (first.field, second.field) == ("b", "a")
