"""StarGAN v2 (Choi et al. 2020): how it is trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import Optimizer

from hairgan.data.augment import to_bytes
from hairgan.data.requirements import LabelMaps
from hairgan.losses.stargan import MakeMasks, StarGANv2Step, StarGANv2Weights
from hairgan.networks.region_masks import region_masks
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.pictures import sheet
from hairgan.randomness import normal
from lightning_modules.base import PhasedModule
from lightning_modules.phase import Phase


class StarGANv2Module(PhasedModule):
    """Four phases per step, in the published order: D latent, D reference, G latent, G reference.

    `g_latent` updates the generator, mapping network and style encoder; `g_reference` only the generator. Fused phases
    are two: D and G, each on both kinds of fakes (`hairgan.losses.stargan`).

    Args:
        generator, mapping_network, style_encoder, discriminator: the networks (`hairgan.networks.stargan`).
        optimizers: one function per network, from parameters to an optimizer.
        lambda_reg, lambda_sty, lambda_ds, lambda_cyc: weights of R1, style reconstruction, diversity and cycle loss.
        reg_every: R1 is applied every N steps with N times its weight (lazy regularization); 1 as published.
        phases: "separate" as published, or "fused".
        half_resolution_steps: number of steps at the start that are taken on images of half the side (progressive
            learning, Tan & Le 2021, "EfficientNetV2", section 4); 0 as published.
        ds_steps: `lambda_ds` falls linearly from its full value at step 0 to zero at this step.
        domain_names: names of the domains, for pictures.
        masks: makes the masks of the high-pass skip from images and label maps. Required if the generator's `w_hpf`
            is above 0, otherwise unused.
        ema_decay: share of the EMA weights that is kept at each step.
        seed: the run's seed.
    """

    needs: ClassVar = {
        "generator": ("image_size", "style_dim", "w_hpf", "encode_source", "decode_styled"),
        "mapping_network": ("num_domains", "latent_dim"),
        "style_encoder": ("num_domains", "image_size"),
    }

    def __init__(
        self,
        generator: Generator,
        mapping_network: MappingNetwork,
        style_encoder: StyleEncoder,
        discriminator: Discriminator,
        *,
        optimizers: dict[str, Callable[[Any], Optimizer]],
        domain_names: list[str],
        lambda_reg: float = 1.0,
        lambda_sty: float = 1.0,
        lambda_ds: float = 1.0,
        lambda_cyc: float = 1.0,
        reg_every: int = 1,
        phases: str = "separate",
        half_resolution_steps: int = 0,
        ds_steps: int = 100_000,
        masks: MakeMasks | None = None,
        ema_decay: float = 0.999,
        seed: int = 0,
    ) -> None:
        networks = {
            "generator": generator,
            "mapping_network": mapping_network,
            "style_encoder": style_encoder,
            "discriminator": discriminator,
        }
        averaged = ("generator", "mapping_network", "style_encoder")
        super().__init__(networks, optimizers, seed=seed, ema=averaged, ema_decay=ema_decay)
        if reg_every < 1:
            raise ValueError(f"model.reg_every must be 1 or more, not {reg_every}")
        self.weights = StarGANv2Weights(lambda_reg, lambda_sty, lambda_ds, lambda_cyc).with_lazy_reg(reg_every)
        if phases not in ("separate", "fused"):
            raise ValueError(f"model.phases must be separate or fused, not {phases}")
        self.reg_every, self.fused, self.half_resolution_steps = reg_every, phases == "fused", half_resolution_steps
        if generator.w_hpf > 0 and masks is None:
            raise ValueError(f"the generator's w_hpf is {generator.w_hpf}, which needs masks; w_hpf=0 needs none")
        self.masks = masks if generator.w_hpf > 0 else None
        if self.masks is region_masks:
            self.requires = (LabelMaps("to make masks of for the high-pass skip; model.generator.w_hpf=0 needs none"),)
        self.ds_steps, self.domain_names = ds_steps, list(domain_names)

    def lambda_ds(self, step: int) -> float:
        """Weight of the diversity loss at a step."""
        return self.weights.lambda_ds * max(0.0, 1 - step / self.ds_steps) if self.ds_steps else 0.0

    def phases(self, batch: dict[str, Any]) -> Iterator[Phase]:
        if self.steps_done < self.half_resolution_steps:
            batch = at_half_resolution(batch)
        z, z2 = (self._latents(batch, purpose) for purpose in ("latent", "latent2"))
        step = StarGANv2Step(
            **dict(self.networks.items()),
            **{name: batch[name] for name in ("x", "y_org", "x_ref", "x_ref2", "y_trg")},
            z=z,
            z2=z2,
            weights=self.weights.with_lambda_ds(self.lambda_ds(self.steps_done)),
            regularize=self.steps_done % self.reg_every == 0,
            masks=self.masks,
            labels=self._labels(batch),
        )
        if self.fused:
            yield Phase("d_both", step.d_both, ("discriminator",))
            yield Phase("g_both", step.g_both, ("generator", "mapping_network", "style_encoder"))
            return
        yield Phase("d_latent", step.d_latent, ("discriminator",))
        yield Phase("d_reference", step.d_reference, ("discriminator",))
        yield Phase("g_latent", step.g_latent, ("generator", "mapping_network", "style_encoder"))
        yield Phase("g_reference", step.g_reference, ("generator",))

    def blocks(self) -> list[nn.Module]:
        return [*self.networks["generator"].encode, *self.networks["generator"].decode]

    def _latents(self, batch: dict[str, Any], purpose: str) -> Tensor:
        """This process's rows of the global batch's latent codes, `(B, latent_dim)`."""
        shape = (batch["global_batch"], self.networks["mapping_network"].latent_dim)
        drawn = normal(self.seed, purpose, batch["step"], shape=shape)
        return drawn[batch["first_row"] :][: len(batch["x"])].to(batch["x"])

    def _labels(self, batch: dict[str, Any]) -> Tensor | None:
        if self.masks is region_masks and "labels" not in batch:
            raise ValueError(
                "this dataset has no label maps for the masks of the high-pass skip: "
                "set model.generator.w_hpf=0, or make the masks with FAN weights"
            )
        return batch.get("labels")

    def step_logs(self, step: int) -> dict[str, float]:
        return {"schedule/lambda_ds": self.lambda_ds(step)}

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """`latent`: the sources, then one row per domain with one latent code per source.
        `reference`: one row per reference image, which is in the first column."""
        generator, mapping, encoder = (
            self.averaged(name) for name in ("generator", "mapping_network", "style_encoder")
        )
        x, references = batch["images"], batch["references"]
        masks = None if self.masks is None else self.masks(x, self._labels(batch))
        z = normal(self.seed, "sample latent", shape=(len(x), mapping.latent_dim)).to(x)
        domains = torch.arange(len(self.domain_names), device=x.device)
        sources = list(to_bytes(x).cpu().numpy())
        latent, reference = [sources], [[None, *sources]]
        styles = encoder(references, domains)
        for domain in domains:
            y = domain.expand(len(x))
            latent.append(list(to_bytes(generator(x, mapping(z, y), masks)).cpu().numpy()))
            edited = generator(x, styles[domain].expand(len(x), -1), masks)
            reference.append([to_bytes(references[domain][None])[0].cpu().numpy(), *to_bytes(edited).cpu().numpy()])
        names = ["source", *self.domain_names]
        return {"latent": sheet(latent, names), "reference": sheet(reference, names)}


def at_half_resolution(batch: dict[str, Any]) -> dict[str, Any]:
    """The batch with images of half the side, each pixel the mean of four, and every second pixel of label maps."""
    images = {name: F.avg_pool2d(batch[name], 2) for name in ("x", "x_ref", "x_ref2")}
    labels = {"labels": batch["labels"][:, ::2, ::2]} if "labels" in batch else {}
    return batch | images | labels
