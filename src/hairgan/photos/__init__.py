"""Photos in and out: found in folders, opened, and written with what came with them. Nothing here imports torch."""
