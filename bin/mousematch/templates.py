"""Templates: what is known of how a user moves the mouse, and its form as a document of the KV store.

    {"_key": "5e88…", "user": "alice", "model": "base/1", "encoding": "motion/1/64",
     "embedding": "<base64>", "dtype": "<f4", "dim": 128,
     "windows": 42, "sessions": 3, "active_s": 311.5, "consistency": 2.7,
     "enrolled_at": 1763822400.0, "enrolled_by": "admin", "format": 1}

The key is a hash of user and model: a user name may hold anything, a key may not, and a user has one template for each
model version.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mousematch.errors import TemplateError
from mousematch.matching import mean_direction

COLLECTION = "mousematch_templates"
FORMAT = 1
# A document may hold either: float32 loses nothing over many updates, float16 halves the store of millions of users.
DTYPES = ("<f4", "<f2")


@dataclass(frozen=True)
class Template:
    """A user's mean direction in the space of one model version, and where it comes from.

    model: "name/version". encoding: tag of the images. embedding: float32 (d,), unit length.
    windows, sessions, active_s: how much material it was made of.
    consistency: how well its sessions match one another, a mean window LLR; NaN if it could not be measured.
    enrolled_at: seconds since the epoch. enrolled_by: the Splunk user.
    """

    user: str
    model: str
    encoding: str
    embedding: NDArray[np.float32]
    windows: int
    sessions: int
    active_s: float
    consistency: float
    enrolled_at: float
    enrolled_by: str


def merged(old: Template, new: Template) -> Template:
    """One template from both, each weighted with its windows; the newer one's provenance and consistency.

    Raises TemplateError if they are of different models or point in opposite directions.
    """
    if old.model != new.model or old.embedding.shape != new.embedding.shape:
        raise TemplateError(
            f'The template of user "{old.user}" is of the model {old.model}, not {new.model}; enroll with mode=replace.'
        )
    windows = old.windows + new.windows
    weights = np.array([old.windows, new.windows], np.float32)[:, None] / np.float32(max(windows, 1))
    return Template(
        user=new.user,
        model=new.model,
        encoding=new.encoding,
        embedding=mean_direction(np.stack([old.embedding, new.embedding]) * weights),
        windows=windows,
        sessions=old.sessions + new.sessions,
        active_s=old.active_s + new.active_s,
        consistency=new.consistency,
        enrolled_at=new.enrolled_at,
        enrolled_by=new.enrolled_by,
    )


def key(user: str, model: str) -> str:
    """The KV store key of a user's template for a model ("name/version"): 40 hexadecimal digits."""
    # The separator keeps ("ab", "c") and ("a", "bc") apart; surrogates can come from a CSV that was no UTF-8.
    return hashlib.sha256(f"{model}\0{user}".encode("utf-8", "surrogatepass")).hexdigest()[:40]


def to_document(template: Template, *, dtype: str = DTYPES[0]) -> dict[str, Any]:
    """The document that stores a template; JSON values alone."""
    numbers = np.asarray(template.embedding).astype(dtype)
    return {
        "_key": key(template.user, template.model),
        "user": template.user,
        "model": template.model,
        "encoding": template.encoding,
        "embedding": base64.b64encode(numbers.tobytes()).decode("ascii"),
        "dtype": dtype,
        "dim": int(numbers.size),
        "windows": template.windows,
        "sessions": template.sessions,
        "active_s": round(template.active_s, 3),
        # JSON has no NaN.
        "consistency": None if math.isnan(template.consistency) else round(template.consistency, 4),
        "enrolled_at": round(template.enrolled_at, 3),
        "enrolled_by": template.enrolled_by,
        "format": FORMAT,
    }


def from_document(document: Mapping[str, Any]) -> Template:
    """The template in a document. Raises TemplateError if it is incomplete, damaged or of a later format."""
    called = f'The template of user "{document.get("user")}"'
    try:
        if int(document["format"]) > FORMAT:
            raise TemplateError(f"{called} has the format {document['format']}; update the app on this search head.")
        dtype = str(document["dtype"])
        if dtype not in DTYPES:
            raise TemplateError(f'{called} has numbers of the type "{dtype}", not {" or ".join(DTYPES)}; enroll again.')
        numbers = np.frombuffer(base64.b64decode(document["embedding"], validate=True), dtype).astype(np.float32)
        if numbers.size != int(document["dim"]) or not np.all(np.isfinite(numbers)):
            raise TemplateError(f"{called} is damaged: its embedding is not {document['dim']} numbers; enroll again.")
        consistency = document.get("consistency")
        return Template(
            user=str(document["user"]),
            model=str(document["model"]),
            encoding=str(document["encoding"]),
            embedding=numbers,
            windows=int(document["windows"]),
            sessions=int(document["sessions"]),
            active_s=float(document["active_s"]),
            # A lookup writes a missing number as empty text.
            consistency=math.nan if consistency in (None, "") else float(consistency),
            enrolled_at=float(document["enrolled_at"]),
            enrolled_by=str(document["enrolled_by"]),
        )
    except (KeyError, TypeError, ValueError, binascii.Error) as exc:
        raise TemplateError(f"{called} is damaged ({type(exc).__name__}: {exc}); run mouseenroll again.") from exc
