"""The salon as a Space: the page of `hairgan app`, open to all and shown in a frame of the Space's page."""

from hairgan.cli import main

main(["app", "--host", "0.0.0.0", "--port", "7860", "--framed"])
