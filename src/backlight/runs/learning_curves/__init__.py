"""How the score grows with the rows: `learning-curve`. Start reading at `learning_curve.py`."""
