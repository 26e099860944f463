"""Everything around a run: which run is meant, where it lives, checks before it starts, processes, errors."""
