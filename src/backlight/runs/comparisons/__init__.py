"""Two runs on the same rows: `compare`."""
