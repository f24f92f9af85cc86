"""Entities as splunkd gives them: an Atom feed in XML, or the same in JSON (``output_mode=json``)."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

GENERATOR = {"build": "embedded", "version": "10.2.3"}
_ATOM = "http://www.w3.org/2005/Atom"
_KEYS = "http://dev.splunk.com/ns/rest"
_SEARCH = "http://a9.com/-/spec/opensearch/1.1/"


@dataclass(frozen=True)
class Entity:
    """One entry of a feed; ``path`` is its own address on splunkd."""

    name: str
    path: str
    content: Mapping[str, Any] = field(default_factory=dict)
    app: str = "system"
    owner: str = "nobody"

    @property
    def acl(self) -> dict[str, Any]:
        """Who may do what with it: everybody may do everything here."""
        return {
            "app": self.app,
            "owner": self.owner,
            "sharing": "app",
            "can_write": True,
            "modifiable": True,
            "removable": True,
            "perms": {"read": ["*"], "write": ["*"]},
        }


def feed_json(title: str, path: str, entities: Sequence[Entity]) -> bytes:
    """The feed as JSON."""
    updated = _now()
    entries = [
        {
            "name": entity.name,
            "id": quote(entity.path),
            "updated": updated,
            "links": {"alternate": quote(entity.path), "list": quote(entity.path)},
            "author": entity.owner,
            "acl": entity.acl,
            "content": {"eai:acl": None, **entity.content},
        }
        for entity in entities
    ]
    feed = {
        "links": {},
        "origin": path,
        "updated": updated,
        "generator": GENERATOR,
        "entry": entries,
        "paging": {"total": len(entries), "perPage": 30, "offset": 0},
        "messages": [],
    }
    return json.dumps(feed).encode()


def feed_xml(title: str, path: str, entities: Sequence[Entity]) -> bytes:
    """The feed as Atom XML."""
    updated = _now()
    entries = "".join(
        f"<entry><title>{_text(entity.name)}</title><id>{_text(quote(entity.path))}</id><updated>{updated}</updated>"
        f'<link href={quoteattr(quote(entity.path))} rel="alternate"/>'
        f"<author><name>{_text(entity.owner)}</name></author>"
        f'<link href={quoteattr(quote(entity.path))} rel="list"/>'
        f'<link href={quoteattr(quote(entity.path))} rel="edit"/>'
        f'<content type="text/xml">{_xml({"eai:acl": entity.acl, **entity.content})}</content></entry>'
        for entity in entities
    )
    count = len(entities)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="{_ATOM}" xmlns:s="{_KEYS}" xmlns:opensearch="{_SEARCH}"><title>{_text(title)}</title>'
        f"<id>{_text(path)}</id><updated>{updated}</updated>"
        f'<generator build="{GENERATOR["build"]}" version="{GENERATOR["version"]}"/><author><name>Splunk</name></author>'
        f"<opensearch:totalResults>{count}</opensearch:totalResults>"
        f"<opensearch:itemsPerPage>{count}</opensearch:itemsPerPage><opensearch:startIndex>0</opensearch:startIndex>"
        f"<s:messages/>{entries}</feed>"
    ).encode()


def messages_json(level: str, text: str) -> bytes:
    """An error body in JSON."""
    return json.dumps({"messages": [{"type": level, "text": text}]}).encode()


def messages_xml(level: str, text: str) -> bytes:
    """An error body in XML."""
    message = f"<msg type={quoteattr(level)}>{_text(text)}</msg>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<response><messages>{message}</messages></response>\n'.encode()


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = "".join(f"<s:key name={quoteattr(_clean(str(key)))}>{_xml(item)}</s:key>" for key, item in value.items())
        return f"<s:dict>{keys}</s:dict>"
    if isinstance(value, (list, tuple)):
        return f"<s:list>{''.join(f'<s:item>{_xml(item)}</s:item>' for item in value)}</s:list>"
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else _text(str(value))


def _text(text: str) -> str:
    return escape(_clean(text))


def _clean(text: str) -> str:
    """The text without the control characters that XML cannot hold."""
    return "".join(character for character in text if character >= " " or character in "\t\n\r")


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
