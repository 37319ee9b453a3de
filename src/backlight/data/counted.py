"""Numbers of things in sentences."""


def counted(count: int, singular: str, plural: str | None = None) -> str:
    """1 row; 2,000 rows."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"
