"""What a trained model is worth: one function per model, one result, one report.

Each of `translation`, `painting`, `parsing` and `classification` has an `evaluate` that takes networks and a packed
dataset and returns an `Evaluation`; `report` makes a page of it.
"""
