"""Whether the person stays the same: similarity of face embeddings, by a face recognition network in an ONNX file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from hairgan.extras import how_to_install
from hairgan.metrics.images import Images, as_unit
from hairgan.metrics.mean_over_images import MeanOverImages

Embed = Callable[[Tensor], Tensor]
"""Images in [-1, 1], `B 3 H W`, to embeddings, `B D`."""


class FaceEmbedder:
    """A face recognition network in an ONNX file that takes RGB in [-1, 1], as ArcFace networks do.

    The face is cut from the CelebA-HQ frame by fixed margins (rows 35 to 223 and columns 32 to 220 of 256) and resized
    to the network's input: images are expected in that alignment. Runs on the CPU.

    Args:
        path: the file; no such weights ship with the package.

    Attributes:
        path: the file.

    Raises:
        ValueError: the file does not exist or is not such a network, or onnxruntime is missing.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise ValueError(f"identity similarity: there is no face-embedding network {path}")
        try:
            import onnxruntime
        except ImportError as error:
            raise ValueError(f"identity similarity needs onnxruntime: {how_to_install('onnx')}") from error
        try:
            self.session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own kinds of errors
            raise ValueError(f"{path} is not an ONNX network: {str(error).splitlines()[0][:200]}") from error
        inputs = self.session.get_inputs()
        shape = inputs[0].shape if len(inputs) == 1 else []
        if len(shape) != 4 or shape[1] != 3 or not all(isinstance(side, int) for side in shape[2:]):
            raise ValueError(
                f"{path} must take images of a fixed size, (batch, 3, height, width), not "
                + " and ".join(f"{tuple(each.shape)}" for each in inputs)
            )
        self.input_name, self.input_size = inputs[0].name, tuple(shape[2:])
        self.max_batch = shape[0] if isinstance(shape[0], int) else None

    def __call__(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        """Embeddings of images in [-1, 1], on the images' device."""
        h, w = images.shape[-2:]
        faces = images[..., h * 35 // 256 : h * 223 // 256, w * 32 // 256 : w * 220 // 256]
        faces = F.interpolate(faces, size=self.input_size, mode="bilinear", antialias=True)
        parts = [self._embed(part) for part in faces.cpu().split(self.max_batch or len(faces))]
        return torch.cat(parts).to(images.device)

    def _embed(self, faces: Float[Tensor, "b 3 y x"]) -> Float[Tensor, "b d"]:
        missing = (self.max_batch or len(faces)) - len(faces)  # a fixed batch is filled up
        padded = F.pad(faces, (0, 0, 0, 0, 0, 0, 0, missing))
        embeddings = self.session.run(None, {self.input_name: padded.numpy()})[0]
        return torch.from_numpy(embeddings[: len(faces)]).flatten(1).float()


def identity_similarity(embed: Embed, sources: Images, outputs: Float[Tensor, "b n 3 h w"]) -> Float[Tensor, " b"]:
    """Cosine similarity of the embeddings of each source and its n outputs, averaged over the outputs.

    Images are quantized to bytes first.

    Raises:
        ValueError: an image holds NaN or infinite values.
    """
    a = embed(2 * as_unit(sources) - 1)  # b d
    b = embed(2 * as_unit(outputs.flatten(0, 1)) - 1).unflatten(0, outputs.shape[:2])  # b n d
    return F.cosine_similarity(a[:, None], b, dim=2).mean(1)


class IdentitySimilarity(MeanOverImages):
    """Cosine similarity of face embeddings of the edit and of the original source photo, `identity_similarity`.

    Args:
        embed: e.g. a `FaceEmbedder`.
    """

    def __init__(self, embed: Embed, **kwargs: object) -> None:
        super().__init__(("identity_similarity",), **kwargs)
        self.embed = embed

    def update(self, source: Images, edited: Images) -> None:
        """Add edits, as bytes or as floats in [-1, 1].

        Raises:
            ValueError: an image holds NaN or infinite values.
        """
        self.add(identity_similarity(self.embed, source, edited[:, None])[None])
