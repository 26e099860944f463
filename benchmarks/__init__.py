"""What a claim about speed is measured with: `python -m benchmarks --help`."""
