"""hairgan: train, evaluate and run GANs that edit hair.

The package is plain PyTorch: it imports neither Lightning nor Hydra nor wandb, and importing `hairgan` itself
loads nothing heavy, so that command-line tools answer at once.
"""

__version__ = "0.1.0"
