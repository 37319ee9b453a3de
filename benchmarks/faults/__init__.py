"""Programs with known faults, and healthy ones, for measuring the doctor."""
