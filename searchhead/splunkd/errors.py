"""What can go wrong on splunkd's side, as a tree.

SplunkdError
├── CommandError            a custom command ended the search
│   ├── ProtocolError           its output is not the chunked protocol
│   └── CommandTimeout          its reply never came
├── SearchCancelled         the user ended the search
└── RestError               a REST call that is answered with an error status

The text of a CommandError is what the search bar of a real Splunk would show.
"""

from __future__ import annotations


class SplunkdError(Exception):
    """The root: an expected error, shown without a traceback."""


class CommandError(SplunkdError):
    """A custom command could not be started, refused its input, or died."""

    def __init__(self, command: str, text: str) -> None:
        """``text`` is a sentence; the message names the command as splunkd does."""
        super().__init__(f"Error in '{command}' command: {text}")
        self.command = command
        self.text = text


class ProtocolError(CommandError):
    """A command wrote something that is not the chunked protocol."""


class CommandTimeout(CommandError):
    """A command did not reply within its time."""


class SearchCancelled(SplunkdError):
    """The search was cancelled; its processes have been ended."""


class RestError(SplunkdError):
    """A REST call that gets ``status`` and one message of ``level`` in the body."""

    def __init__(self, status: int, text: str, *, level: str = "ERROR") -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.level = level
