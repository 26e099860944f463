"""Photos: found in folders, opened, aligned, parsed, and written back with their profile and EXIF.

Only `parser`, `classifier`, `faces` and `network_images` import torch.
"""
