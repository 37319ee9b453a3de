"""Many values of one setting trained beside each other: `sweep`, and the rate "auto". Start reading at `sweep.py`."""
