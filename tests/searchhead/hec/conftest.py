"""A collector as the search head serves it: mounted among other paths, on a real port."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount, Route

from searchhead.hec import HecApp
from searchhead.indexes import EventStore
from tests.searchhead.hec.serving import Collector, serving, write_app


class Switch:
    """An ASGI app that is another one in each test, so that one server serves them all."""

    app = None

    async def __call__(self, scope, receive, send):
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
def server():
    switch = Switch()
    with serving(switch) as url:
        yield switch, url


@pytest.fixture
def serve(server, tmp_path):
    """serve(**options of HecApp, limits=…, inputs=…) → a running collector with a store of its own."""
    switch, url = server
    running = []

    def serve(*, limits=None, inputs=None, **options):
        files = {name: text for name, text in (("limits", limits), ("inputs", inputs)) if text is not None}
        store = EventStore(tmp_path / "indexes")
        hec = HecApp(store, write_app(tmp_path / "app", **files), **options)
        switch.app = Starlette(routes=[Route("/services/collector", hec), Mount("/services/collector", hec)])
        running.append(Collector(url, store, hec))
        return running[-1]

    yield serve
    for collector in running:
        collector.client.close()
        collector.hec.close()
        collector.store.close()


@pytest.fixture
def collector(serve):
    return serve()
