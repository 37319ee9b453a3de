"""Speed and quality, measured; apart from the tests."""
