"""Read CelebAMask-HQ as it is distributed (Lee et al. 2020, "MaskGAN"), and write datasets in the same layout.

- `reader`: the dataset, item by item
- `files`: where each photo and mask lies, in the zip or in the unpacked folder
- `text_files`: the attribute and the mapping file
- `names`: names of files, folders and attributes
- `writer`: photos, label maps and attributes in this layout
"""

from hairgan.data.celebamask.reader import CelebAMaskHQ

__all__ = ["CelebAMaskHQ"]
