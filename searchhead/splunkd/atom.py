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
EVERYBODY: Mapping[str, Sequence[str]] = {"read": ["*"], "write": ["*"]}


@dataclass(frozen=True)
class Entity:
    """One entry of a feed; ``path`` is its own address on splunkd.

    ``links``: name → address of what else can be asked of it. ``perms``: roles that may read and write it.
    ``xml_content`` and ``xml_title`` say what the XML has where it differs from the JSON.
    """

    name: str
    path: str
    content: Mapping[str, Any] = field(default_factory=dict)
    app: str = "system"
    owner: str = "nobody"
    links: Mapping[str, str] | None = None
    perms: Mapping[str, Sequence[str]] = field(default_factory=lambda: EVERYBODY)
    can_write: bool = True
    sharing: str = "app"
    removable: bool = True
    more_acl: Mapping[str, Any] = field(default_factory=dict)
    published: str | None = None
    updated: str | None = None
    xml_title: str | None = None
    xml_content: Mapping[str, Any] | None = None
    has_eai_acl: bool = True
    """The JSON content begins with ``"eai:acl": null``, as most of splunkd's entities do."""

    @property
    def acl(self) -> dict[str, Any]:
        """Who may do what with it."""
        return {
            "app": self.app,
            "can_change_perms": self.can_write,
            "can_list": True,
            "can_share_app": self.can_write,
            "can_share_global": self.can_write,
            "can_share_user": False,
            "can_write": self.can_write,
            "modifiable": self.can_write,
            "owner": self.owner,
            "perms": {action: list(roles) for action, roles in self.perms.items()},
            "removable": self.removable,
            "sharing": self.sharing,
            **self.more_acl,
        }

    @property
    def all_links(self) -> dict[str, str]:
        """Name → address, the entity's own first."""
        own = quote(self.path)
        return {"alternate": own, **({"list": own, "edit": own} if self.links is None else self.links)}


@dataclass(frozen=True)
class Page:
    """What a feed says of itself: how many entities there are in all, and which of them these are."""

    total: int
    per_page: int = 30
    offset: int = 0
    links: Mapping[str, str] = field(default_factory=dict)
    messages: Sequence[tuple[str, str]] = ()


def feed_json(title: str, path: str, entities: Sequence[Entity], page: Page | None = None, *, base: str = "") -> bytes:
    """The feed as JSON; ``base`` is splunkd's own address, such as http://127.0.0.1:8089."""
    page = page or Page(len(entities))
    updated = now()
    entries = []
    for entity in entities:
        content = {"eai:acl": None, **entity.content} if entity.has_eai_acl else dict(entity.content)
        entry = {
            "name": entity.name,
            "id": base + quote(entity.path),
            "updated": entity.updated or updated,
            "links": entity.all_links,
            **({"published": entity.published} if entity.published else {}),
            "author": entity.owner,
            "acl": entity.acl,
            "content": content,
        }
        entries.append(entry)
    feed = {
        "links": dict(page.links),
        "origin": base + path,
        "updated": updated,
        "generator": GENERATOR,
        "entry": entries,
        "paging": {"total": page.total, "perPage": page.per_page, "offset": page.offset},
        "messages": [{"type": level, "text": text} for level, text in page.messages],
    }
    return json.dumps(feed).encode()


def feed_xml(title: str, path: str, entities: Sequence[Entity], page: Page | None = None, *, base: str = "") -> bytes:
    """The feed as Atom XML."""
    page = page or Page(len(entities))
    messages = "".join(f"<s:msg type={quoteattr(level)}>{_text(text)}</s:msg>" for level, text in page.messages)
    links = "".join(f"<link href={quoteattr(href)} rel={quoteattr(rel)}/>" for rel, href in page.links.items())
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<feed xmlns="{_ATOM}" xmlns:s="{_KEYS}" xmlns:opensearch="{_SEARCH}"><title>{_text(title)}</title>'
        f"<id>{_text(base + path)}</id><updated>{now()}</updated>"
        f'<generator build="{GENERATOR["build"]}" version="{GENERATOR["version"]}"/><author><name>Splunk</name></author>'
        f"{links}<opensearch:totalResults>{page.total}</opensearch:totalResults>"
        f"<opensearch:itemsPerPage>{page.per_page}</opensearch:itemsPerPage>"
        f"<opensearch:startIndex>{page.offset}</opensearch:startIndex>"
        f"<s:messages>{messages}</s:messages>{''.join(_entry(entity, base, '') for entity in entities)}</feed>"
    ).encode()


def entry_xml(entity: Entity, *, base: str = "") -> bytes:
    """One entity as a document of its own, as splunkd gives a search job."""
    namespaces = f' xmlns="{_ATOM}" xmlns:s="{_KEYS}" xmlns:opensearch="{_SEARCH}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_entry(entity, base, namespaces)}'.encode()


def messages_json(level: str, text: str) -> bytes:
    """An error body in JSON."""
    return json.dumps({"messages": [{"type": level, "text": text}]}).encode()


def messages_xml(level: str, text: str) -> bytes:
    """An error body in XML."""
    message = f"<msg type={quoteattr(level)}>{_text(text)}</msg>"
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<response><messages>{message}</messages></response>\n'.encode()


def now() -> str:
    """The time as Atom writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())


def clean(text: str) -> str:
    """The text without the control characters that XML cannot hold."""
    return "".join(character for character in text if character >= " " or character in "\t\n\r")


def _entry(entity: Entity, base: str, namespaces: str) -> str:
    updated = entity.updated or now()
    content = entity.content if entity.xml_content is None else entity.xml_content
    content = {"eai:acl": entity.acl, **content}
    links = "".join(f"<link href={quoteattr(href)} rel={quoteattr(rel)}/>" for rel, href in entity.all_links.items())
    published = f"<published>{entity.published}</published>" if entity.published else ""
    return (
        f"<entry{namespaces}><title>{_text(entity.xml_title or entity.name)}</title>"
        f"<id>{_text(base + quote(entity.path))}</id><updated>{updated}</updated>{links}{published}"
        f"<author><name>{_text(entity.owner)}</name></author>"
        f'<content type="text/xml">{_xml(content)}</content></entry>'
    )


def _xml(value: Any) -> str:
    if isinstance(value, Mapping):
        keys = "".join(f"<s:key name={quoteattr(clean(str(key)))}>{_xml(item)}</s:key>" for key, item in value.items())
        return f"<s:dict>{keys}</s:dict>"
    if isinstance(value, (list, tuple)):
        return f"<s:list>{''.join(f'<s:item>{_xml(item)}</s:item>' for item in value)}</s:list>"
    if isinstance(value, bool):
        return str(int(value))
    return "" if value is None else _text(str(value))


def _text(text: str) -> str:
    return escape(clean(text))
