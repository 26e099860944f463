"""What EditBench asks for, and of whom."""

TASKS = ("dye", "restyle")

SEED = 7919
"""Of the benchmark's portraits: nothing may be trained on portraits of this seed."""
