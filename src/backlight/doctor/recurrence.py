"""From when calls of one activation are the steps of a recurrence that is written out, and when it is a long one."""

LONG = 20
"""Steps of a recurrence after which a factor of 1.5 a step has become 3000."""
LOOPED = 3
"""Calls of rectifiers for each layer with a weight, from which they are taken for the steps of a recurrence."""
