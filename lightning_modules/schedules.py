"""Learning rates as functions of the step: factors on their initial values."""


def linear_decay(step: int, *, steps: int, constant_share: float = 0.5) -> float:
    """Factor on the learning rates: 1 for a share of the run, then straight down towards 0 at its end.

    Published: constant for 50 epochs, then falling over 50.
    """
    start = constant_share * steps
    return 1.0 if step < start else max(0.0, (steps - step) / (steps - start))
