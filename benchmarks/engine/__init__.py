"""How fast the engine is beside other ways to train the same network: `python -m benchmarks.engine`."""
