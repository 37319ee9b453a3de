"""Treatments tried side by side, and what of them is kept: `--treat`. Start reading at `treating.py`."""
