"""The HTTP Event Collector of the embedded search head.

endpoint        the ASGI app: paths, methods, CORS, how many requests at once
authorization   which token a request comes with
body            the body, decompressed, within its limit
envelopes       concatenated JSON objects → envelopes
raw             lines of text → envelopes
intake          envelopes → events in the store, as the token allows
acknowledgements    which requests are stored, by channel
settings        inputs.conf, limits.conf, props.conf
replies         the codes and texts of all answers

docs/hec.md says what of splunkd's collector this is.
"""

from .endpoint import HecApp

__all__ = ["HecApp"]
