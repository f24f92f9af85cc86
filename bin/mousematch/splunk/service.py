"""A connection to splunkd for the length of one search, with a time limit on every request.

splunk-sdk's own ``SearchCommand.service`` has no time limit: a splunkd that accepts and never answers would hold the
search for ever.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from splunklib import binding, client

from mousematch.errors import StoreError

APP = "mousematch"
# Reads of a few templates take milliseconds; a KV store that is electing its captain takes seconds.
TIMEOUT_S = 20.0


def connect(searchinfo: Any, *, timeout_s: float = TIMEOUT_S) -> client.Service:
    """The service of a search, by the address and the session key in the ``searchinfo`` of its getinfo request.

    Nothing is sent yet. Raises StoreError if the search came without address or key.
    """
    address = getattr(searchinfo, "splunkd_uri", None) or ""
    key = getattr(searchinfo, "session_key", None) or ""
    try:
        uri = urlsplit(address.strip(), allow_fragments=False)
        host, port = uri.hostname, uri.port
    except ValueError as exc:
        raise StoreError(f'The search gave "{address}" as splunkd\'s address, which is no URL.') from exc
    if not host or not key:
        raise StoreError("The search came without splunkd's address or a session key; run it from Splunk as a user.")
    return client.Service(
        scheme=uri.scheme,
        host=host,
        port=port or 8089,
        token=key,
        owner="nobody",
        app=APP,
        sharing="app",
        handler=binding.handler(timeout=timeout_s),
    )
