"""The only place that imports splunklib: chunk I/O, command classes, KV store, configuration."""
