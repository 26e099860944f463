"""Sweeps: studies of trials by Optuna, shared by workers through a file."""
