"""Mouse Match outside one search head: a container with a real Splunk, and scorers on several hosts."""
