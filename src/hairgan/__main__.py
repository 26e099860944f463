"""`python -m hairgan` is the command `hairgan`."""

from hairgan.cli import main

main()
