"""How a command declares itself: its options, and what it announces to splunkd.

    @Configuration(distributed=False)
    class MouseScore(StreamingColumns):
        user = Option(doc="user=<field>: has the claimed owner.", default="user")

Both read, and answer getinfo, as splunk-sdk's decorators of the same names do. Those come with splunk-sdk's client, its
logging and the earlier protocol: 60 ms of imports, more than everything else that a command does for a session.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

_Declared = TypeVar("_Declared", bound=Callable[..., Any])


class Option:
    """An option of a command, written name=value in a search; as an attribute of the command, its value.

    name: in a search, by default the attribute's. default: the value where a search does not give one. require: whether it
    must. validate: text → value; raises ValueError, whose words are shown. doc: for readers of the command's source.
    """

    def __init__(
        self,
        *,
        doc: str = "",
        name: str = "",
        default: Any = None,
        require: bool = False,
        validate: Callable[[str], Any] = str,
    ) -> None:
        self.__doc__ = doc
        self.name = name
        self.default = default
        self.require = require
        self.validate = validate

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.name = self.name or attribute

    def __get__(self, command: Any, owner: type | None = None) -> Any:
        return self if command is None else command.given.get(self.name, self.default)


def options_of(command: type) -> dict[str, Option]:
    """Name → option of a command's class, in the order of the attributes' names."""
    attributes = {name: item for kind in reversed(command.__mro__) for name, item in vars(kind).items()}
    options = (attributes[attribute] for attribute in sorted(attributes))
    return {option.name: option for option in options if isinstance(option, Option)}


class Configuration:
    """Decorates a command, or the map phase of one: what it announces beside its kind and its fields.

    distributed: whether a streaming or generating command may run on indexers. run_in_preview: whether it gets previews.
    """

    def __init__(self, *, distributed: bool | None = None, run_in_preview: bool | None = None) -> None:
        self._announced: dict[str, Any] = {}
        if run_in_preview is not None:
            self._announced["run_in_preview"] = run_in_preview
        if distributed is not None:
            self._announced["distributed"] = distributed

    def __call__(self, declared: _Declared) -> _Declared:
        declared.announced = {**getattr(declared, "announced", {}), **self._announced}  # type: ignore[attr-defined]
        if isinstance(declared, type):
            # A class FooCommand is the command foo.
            name = declared.__name__
            command: Any = declared
            command.name = (name[: -len("Command")] if name.endswith("Command") else name).lower()
        return declared


def announcement(kind: str, announced: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The reply to getinfo of a command: its kind ("streaming", "reporting"), what its decorator says, and more.

    What is None is left out. A streaming command that must stay on the search head calls itself stateful.
    """
    reply = {**announced, **more}
    distributed = reply.pop("distributed", True)
    reply["type"] = "stateful" if kind == "streaming" and not distributed else kind
    return {name: reply[name] for name in sorted(reply) if reply[name] is not None}
