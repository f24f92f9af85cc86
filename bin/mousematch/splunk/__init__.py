"""splunkd's side of the commands: chunk I/O, command classes, KV store, configuration."""
