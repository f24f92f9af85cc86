"""The HTML report of the demo: one file, nothing loaded from elsewhere."""
