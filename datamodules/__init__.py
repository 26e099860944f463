"""How data reaches training: from a dataset on disk to batches on the device."""

from datamodules.celeba_hq import CelebAHQHairDataModule
from datamodules.image_folder import ImageFolderDataModule
from datamodules.portraits import PortraitDataModule
from datamodules.streaming import StreamingDataModule

__all__ = ["CelebAHQHairDataModule", "ImageFolderDataModule", "PortraitDataModule", "StreamingDataModule"]
