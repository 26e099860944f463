"""Starting a run: command line and settings, choice of the run and its directory, checks, processes, errors."""
