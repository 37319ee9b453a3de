"""One pure change of a run's settings each. Every file is found by itself; see `doctor.treatment`."""
