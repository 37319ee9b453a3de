"""Several networks trained at once that answer together."""
