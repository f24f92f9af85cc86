"""Whose template each row is compared with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mousematch.errors import MouseMatchError, StoreError
from mousematch.splunk.chunks import Columns
from mousematch.splunk.messages import Messages
from mousematch.splunk.templatestore import TemplateStore
from mousematch.templates import Template


@dataclass(frozen=True)
class Owner:
    """The claimed owner of a row: a template, or the reason for having none. enrolled: False if mouseenroll would help."""

    template: Template | None
    reason: str = ""
    enrolled: bool = True


class Owners:
    """Finds the templates of rows.

    store: of the model version called ``model``. dimensions: length of its embeddings. user_field: names the claimed owner.
    """

    def __init__(
        self, *, store: TemplateStore, model: str, dimensions: int, user_field: str, messages: Messages
    ) -> None:
        self._store = store
        self._model = model
        self._dimensions = dimensions
        self._user_field = user_field
        self._messages = messages

    def of(self, columns: Columns) -> list[Owner]:
        """The claimed owner of every row. The store is asked once for all of them."""
        users = columns.lists(self._user_field)
        templates = self._templates({row[0] for row in users if len(row) == 1})
        return [self._owner(row, templates) for row in users]

    def _templates(self, users: set[str]) -> Mapping[str, Template | MouseMatchError | None]:
        try:
            return self._store.fetch(users)
        except StoreError as exc:
            self._messages.error(f"Sessions have no score: {exc}")
            return dict.fromkeys(users, exc)

    def _owner(self, users: Sequence[str], templates: Mapping[str, Template | MouseMatchError | None]) -> Owner:
        if len(users) != 1:
            many = f"has {len(users)} values; put | mvexpand {self._user_field} in front of mousescore"
            none = "is empty; name the claimed owner, or say user=<field> where it is"
            return Owner(None, f'The field "{self._user_field}" {many if users else none}.')
        found = templates[users[0]]
        if isinstance(found, Template):
            if found.embedding.shape[0] == self._dimensions:
                return Owner(found)
            return Owner(None, f'The template of user "{users[0]}" is of another model; run mouseenroll again.')
        if found is not None:
            return Owner(None, str(found))
        return Owner(
            None, f'No template for user "{users[0]}" with model {self._model}; run mouseenroll first.', enrolled=False
        )
