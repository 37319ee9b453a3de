"""How much a packed file may grow before it is taken for a bomb."""

LARGEST = 16 << 30
"""Bytes; what unpacks to more is not read at all."""
STEEPEST = 250
"""Unpacked over packed size. Tables of pixels reach about 10, sparse ones 100; deflate cannot pass 1,032, where bombs
lie."""
HARMLESS = 16 << 20
"""Bytes below which the ratio says nothing."""


def most_bytes(packed: int) -> int:
    """Bytes that so many packed bytes may unpack to."""
    return min(LARGEST, max(HARMLESS, STEEPEST * packed))
