"""How searches and scorer talk: TensorFlow Serving's REST API, over a Unix socket or over TCP.

    mousescore ─┬─ unix:/…/scorer-….sock ──▶ the scorer of this search head
                └─ http://host:8501 ───────▶ TensorFlow Serving, KServe

    GET  /v1/models/NAME[/versions/N]              {"model_version_status": [{"version", "state", "status": {…}}]}
    GET  /v1/models/NAME[/versions/N]/metadata     {"model_spec": {…}, "metadata": {"signature_def", "mousematch"}}
    POST /v1/models/NAME[/versions/N]:predict
         {"instances": [{"b64": "<PNG>"}, …]}      {"predictions": [[…d numbers], …]}
    any error                                      4xx or 5xx, {"error": "<sentence>"}

Two additions that TensorFlow Serving's clients ignore: ``metadata.mousematch`` holds the model's encoding, and the error
of a refused request also has ``"rejected": {"<index>": "<sentence>"}``, so that the other images can be sent again.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import OptionError, ScorerRejected

# TensorFlow Serving's usual REST port.
DEFAULT_PORT = 8501
MAX_REQUEST_BYTES = 32 * 1024 * 1024
MAX_INSTANCES = 4096
AVAILABLE, LOADING = "AVAILABLE", "LOADING"
# Name of the input in the SavedModel's serving signature; a client may spell it out in each instance.
INPUT = "image_bytes"
OUTPUT = "embedding"
SIGNATURE = "serving_default"
# Unit-length embeddings with seven decimals carry float32's precision in half the text.
_DECIMALS = 7

ROUTE = re.compile(r"/v1/models/(?P<name>[^/:]+)(?:/versions/(?P<version>[0-9]{1,18}))?(?P<verb>/metadata|:predict)?")


@dataclass(frozen=True)
class Address:
    """Where a scorer listens: a Unix socket, or a host and port with an optional path prefix."""

    path: str = ""
    scheme: str = "http"
    host: str = ""
    port: int = DEFAULT_PORT
    prefix: str = ""

    @classmethod
    def parse(cls, text: str) -> Address:
        """The address that "unix:/path", "http://host:8501" or "https://host/prefix" means. Raises OptionError."""
        if text.startswith("unix:"):
            path = text[len("unix:") :]
            if path.startswith("/"):
                return cls(path=path)
        else:
            try:
                parts = urlsplit(text)
                port = parts.port or DEFAULT_PORT
            except ValueError:
                parts, port = urlsplit(""), 0
            if parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment):
                return cls(scheme=parts.scheme, host=parts.hostname, port=port, prefix=parts.path.rstrip("/"))
        raise OptionError(f'"{text}" is no scorer address; write http://host:{DEFAULT_PORT} or unix:/path.')

    def __str__(self) -> str:
        if self.path:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.prefix}"


def model_path(name: str, version: int | None = None, verb: str = "") -> str:
    """The URL path of a model; verb: "" for its status, "/metadata" or ":predict"."""
    return f"/v1/models/{name}" + ("" if version is None else f"/versions/{version}") + verb


def predict_request(images_b64: Sequence[str]) -> bytes:
    """The body that asks for the embeddings of base64 PNGs."""
    return json.dumps({"instances": [{"b64": image} for image in images_b64]}, separators=(",", ":")).encode("ascii")


def read_predict_request(body: bytes) -> list[str]:
    """The base64 texts of a predict request, in order. Raises ScorerRejected, worded as TensorFlow Serving words it."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError) as exc:
        raise ScorerRejected(f"JSON Parse error: {exc}") from exc
    if not isinstance(request, dict) or not isinstance(request.get("instances"), list):
        raise ScorerRejected(
            'JSON Value: the request needs the list "instances", such as {"instances": [{"b64": "<PNG>"}]}.'
        )
    signature = request.get("signature_name") or SIGNATURE
    if signature != SIGNATURE:
        raise ScorerRejected(f'Serving signature name: "{signature}" not found in signature def; use {SIGNATURE}.')
    instances = request["instances"]
    if not 0 < len(instances) <= MAX_INSTANCES:
        raise ScorerRejected(f"The request has {len(instances)} instances; send 1 to {MAX_INSTANCES}.")
    return [_instance_text(index, instance) for index, instance in enumerate(instances)]


def _instance_text(index: int, instance: Any) -> str:
    if isinstance(instance, dict) and set(instance) == {INPUT}:
        instance = instance[INPUT]
    if isinstance(instance, dict) and set(instance) == {"b64"} and isinstance(instance["b64"], str):
        return instance["b64"]
    raise ScorerRejected(
        f"Failed to process element: {index} of 'instances' list. Error: INVALID_ARGUMENT: JSON object: expected "
        '{"b64": "<PNG>"}.'
    )


def predict_answer(embeddings: NDArray[np.float32]) -> bytes:
    """The body that carries embeddings: float32 (n, d)."""
    rows = np.round(embeddings.astype(np.float64), _DECIMALS).tolist()
    return json.dumps({"predictions": rows}, separators=(",", ":")).encode("ascii")


def read_predict_answer(body: bytes, count: int) -> NDArray[np.float32]:
    """The embeddings of a predict answer: float32 (count, d), all finite. Raises ScorerRejected if they are not there."""
    try:
        rows = json.loads(body)["predictions"]
        if rows and isinstance(rows[0], dict):
            # A model with several named outputs answers with one object a row.
            rows = [row[OUTPUT] for row in rows]
        embeddings = np.asarray(rows, np.float32)
    except (ValueError, TypeError, KeyError, RecursionError) as exc:
        raise ScorerRejected("The scorer's answer holds no embeddings; check that its address is right.") from exc
    if embeddings.ndim != 2 or len(embeddings) != count or not embeddings.shape[1]:
        raise ScorerRejected(
            f"The scorer answered {count} images with numbers of the shape {embeddings.shape}; let it serve the same "
            "model version as this search head."
        )
    if not np.isfinite(embeddings).all():
        raise ScorerRejected("The scorer answered with numbers that are not finite; export the model again.")
    return embeddings


def error_body(message: str, rejected: Mapping[int, str] | None = None) -> bytes:
    """The body of an error; rejected: per index of an instance, why it was refused."""
    body: dict[str, Any] = {"error": message}
    if rejected:
        body["rejected"] = {str(index): reason for index, reason in rejected.items()}
    return json.dumps(body).encode("ascii")


def read_error(body: bytes) -> str:
    """The sentence of an error's body; the beginning of the body itself if it has none."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return body[:200].decode("utf-8", "replace").strip() or "no reason given"


def status_body(version: int, state: str, error: str = "") -> bytes:
    """The body of a model's status; error: why it is not available."""
    status = {"error_code": "UNKNOWN" if error else "OK", "error_message": error}
    return json.dumps({"model_version_status": [{"version": str(version), "state": state, "status": status}]}).encode()


def read_status(body: bytes) -> list[tuple[int, str, str]]:
    """(version, state, error message) of each version in a status answer. Raises ScorerRejected if there is none."""
    try:
        return [
            (int(item["version"]), str(item["state"]), str(item.get("status", {}).get("error_message", "")))
            for item in json.loads(body)["model_version_status"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError) as exc:
        raise ScorerRejected("The answer holds no model status; check the scorer's address.") from exc


def metadata_body(name: str, version: int, *, embedding: int, mousematch: Mapping[str, Any]) -> bytes:
    """The body of a model's metadata; mousematch: our addition to what TensorFlow Serving gives."""
    signature = {
        "inputs": {INPUT: _tensor("DT_STRING", [-1])},
        "outputs": {OUTPUT: _tensor("DT_FLOAT", [-1, embedding])},
        "method_name": "tensorflow/serving/predict",
    }
    return json.dumps(
        {
            "model_spec": {"name": name, "signature_name": "", "version": str(version)},
            "metadata": {
                "signature_def": {"signature_def": {SIGNATURE: signature}},
                "mousematch": dict(mousematch),
            },
        }
    ).encode()


def _tensor(dtype: str, shape: Sequence[int]) -> dict[str, Any]:
    dimensions = [{"size": str(size), "name": ""} for size in shape]
    return {"dtype": dtype, "tensor_shape": {"dim": dimensions, "unknown_rank": False}, "name": ""}


def request_bytes(image_b64: str) -> int:
    """How much an image adds to a predict request."""
    return len(image_b64) + len('{"b64":""},')


def chunk_end(images_b64: Sequence[str], start: int, *, most: int, most_bytes: int) -> int:
    """Where the request that begins with image ``start`` ends: after ``most`` images or bytes, one image at least."""
    end, size = start, 0
    while end < len(images_b64) and end - start < most:
        size += request_bytes(images_b64[end])
        if size > most_bytes and end > start:
            break
        end += 1
    return end
