"""All endpoints of a search head, in the order in which they are tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..jobs.parser_rest import ParserEndpoints
from ..jobs.rest import JobEndpoints
from ..scheduler.alerts_rest import FiredAlertEndpoints
from ..scheduler.saved_rest import SavedSearchEndpoints
from .data_rest import DataEndpoints
from .receiver_rest import ReceiverEndpoints
from .rest import Route
from .server import basic_routes
from .ui_rest import UiEndpoints

if TYPE_CHECKING:
    from .head import SearchHead


def all_routes(head: SearchHead) -> list[Route]:
    """What the REST side answers."""
    endpoints = (
        JobEndpoints(head),
        ParserEndpoints(head),
        SavedSearchEndpoints(head),
        FiredAlertEndpoints(head),
        UiEndpoints(head),
        DataEndpoints(head),
        ReceiverEndpoints(head),
    )
    return [
        *basic_routes(head.confs, head.store, head.access, app=head.app_name),
        *(route for endpoint in endpoints for route in endpoint.routes()),
    ]
