"""A Ray cluster of a few processes with the fleet on it, for the tests; runs under the fleet's own environment.

    python tests/mousematch/scorer/cluster.py MODELS PORT

Prints "ready" when the fleet answers, and ends with its standard input.
"""

from __future__ import annotations

import sys

import ray
from ray import serve

from deploy.fleet.scorers import fleet

models, port = sys.argv[1:]
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
try:
    serve.start(http_options={"host": "127.0.0.1", "port": int(port)})
    serve.run(fleet({"models": models, "min_replicas": "2", "replicas": "2"}), name="fleet", route_prefix="/")
    print("ready", flush=True)
    sys.stdin.read()
finally:
    serve.shutdown()
    ray.shutdown()
