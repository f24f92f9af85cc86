"""What splunkd answers, as the app's own errors: the one place where its HTTP and socket errors are translated."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from splunklib import binding

from mousematch.errors import StoreError


@contextmanager
def translated(thing: str) -> Iterator[None]:
    """Turns every way in which splunkd can fail to serve ``thing`` into StoreError with the remedy.

    thing: how the sentence begins, such as "The template store (mousematch_templates)".
    """
    try:
        yield
    except binding.AuthenticationError as exc:
        raise StoreError(f"{thing} refused the search's session key; run the search again.") from exc
    except binding.HTTPError as exc:
        raise StoreError(f"{thing} {_reason(exc)}") from exc
    except socket.timeout as exc:
        raise StoreError(f"{thing} did not answer in time; check its status and run the search again.") from exc
    except (OSError, http.client.HTTPException) as exc:
        raise StoreError(f"{thing} cannot be reached ({exc}); check that splunkd and its KV store are up.") from exc
    except (ValueError, KeyError, TypeError, AttributeError) as exc:
        # JSON of another shape than splunkd's: something else listens on that port.
        raise StoreError(f"{thing} gave an answer that cannot be read ({type(exc).__name__}: {exc}).") from exc


def _reason(error: binding.HTTPError) -> str:
    text = " ".join(str(error).split())
    if error.status in (401, 403):
        return f"may not be used by this user ({text}); ask for the capability or for read and write permission."
    if error.status == 404:
        return f"does not exist ({text}); check that the app mousematch is installed here and its KV store is enabled."
    if error.status == 503:
        return f"is not ready ({text}); check the KV store's status and run the search again."
    return f"answered {text}"
