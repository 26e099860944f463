"""StarGAN v2 as published, written out plainly: nothing shared between phases, operations in the order of the paper.

Functions of dictionaries from parameter names to tensors, so that they run on the parameters of the shipped networks.
The tests compare against it; `benchmarks/models.py` measures against it.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Parameters = dict[str, Tensor]


def act(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.2)


def conv(p: Parameters, name: str, x: Tensor, padding: int = 0) -> Tensor:
    return F.conv2d(x, p[f"{name}.weight"], p.get(f"{name}.bias"), padding=padding)


def instance_norm(p: Parameters, name: str, x: Tensor) -> Tensor:
    return F.instance_norm(x, weight=p[f"{name}.weight"], bias=p[f"{name}.bias"])


def last_index(p: Parameters, prefix: str) -> int:
    return max(int(k.split(".")[1]) for k in p if k.startswith(f"{prefix}.") and "conv1.weight" in k)


def res_block(p: Parameters, name: str, x: Tensor, normalize: bool, down: bool) -> Tensor:
    h = act(instance_norm(p, f"{name}.norm1", x) if normalize else x)
    h = conv(p, f"{name}.conv1", h, padding=1)
    if down:
        h = F.avg_pool2d(h, 2)
    h = act(instance_norm(p, f"{name}.norm2", h) if normalize else h)
    h = conv(p, f"{name}.conv2", h, padding=1)
    if f"{name}.conv1x1.weight" in p:
        x = conv(p, f"{name}.conv1x1", x)
    if down:
        x = F.avg_pool2d(x, 2)
    return (x + h) / math.sqrt(2)


def adain(p: Parameters, name: str, x: Tensor, s: Tensor) -> Tensor:
    h = F.linear(s, p[f"{name}.fc.weight"], p[f"{name}.fc.bias"])[:, :, None, None]
    gamma, beta = h.chunk(2, dim=1)
    return (1 + gamma) * F.instance_norm(x) + beta


def adain_block(p: Parameters, name: str, x: Tensor, s: Tensor, up: bool, w_hpf: float) -> Tensor:
    h = act(adain(p, f"{name}.norm1", x, s))
    if up:
        h = F.interpolate(h, scale_factor=2)
    h = conv(p, f"{name}.conv1", h, padding=1)
    h = conv(p, f"{name}.conv2", act(adain(p, f"{name}.norm2", h, s)), padding=1)
    if w_hpf > 0:
        return h
    if up:
        x = F.interpolate(x, scale_factor=2)
    if f"{name}.conv1x1.weight" in p:
        x = conv(p, f"{name}.conv1x1", x)
    return (x + h) / math.sqrt(2)


def high_pass(x: Tensor, w_hpf: float) -> Tensor:
    kernel = -torch.ones(3, 3, dtype=x.dtype, device=x.device)
    kernel[1, 1] = 8.0
    return F.conv2d(x, (kernel / w_hpf).expand(x.shape[1], 1, 3, 3), padding=1, groups=x.shape[1])


def generator(p: Parameters, x: Tensor, s: Tensor, masks: Any = None, w_hpf: float = 0.0) -> Tensor:
    last = last_index(p, "encode")
    cached = {}
    x = conv(p, "from_rgb", x, padding=1)
    for i in range(last + 1):
        if masks is not None and x.shape[2] in (32, 64, 128):
            cached[x.shape[2]] = x
        x = res_block(p, f"encode.{i}", x, normalize=True, down=i < last - 1)
    for i in range(last + 1):
        x = adain_block(p, f"decode.{i}", x, s, up=i > 1, w_hpf=w_hpf)
        if masks is not None and x.shape[2] in (32, 64, 128):
            mask = masks[0] if x.shape[2] == 32 else masks[1]
            mask = F.interpolate(mask, size=x.shape[2:], mode="bilinear")
            x = x + high_pass(mask * cached[x.shape[2]], w_hpf)
    return conv(p, "to_rgb.2", act(instance_norm(p, "to_rgb.0", x)))


def mlp(p: Parameters, name: str, x: Tensor) -> Tensor:
    """Linear layers 0, 2, 4, 6 with a ReLU between them."""
    for i in (0, 2, 4, 6):
        x = F.linear(F.relu(x) if i else x, p[f"{name}.{i}.weight"], p[f"{name}.{i}.bias"])
    return x


def domain(heads: list[Tensor], y: Tensor) -> Tensor:
    return torch.stack(heads, 1)[range(len(y)), y]


def mapping_network(p: Parameters, z: Tensor, y: Tensor) -> Tensor:
    h = F.relu(mlp(p, "shared", z))
    return domain([mlp(p, f"unshared.{d}", h) for d in range(sum(k.endswith(".6.bias") for k in p) - 1)], y)


def trunk(p: Parameters, prefix: str, x: Tensor) -> Tensor:
    x = conv(p, f"{prefix}.0", x, padding=1)
    last = last_index(p, prefix)
    for i in range(1, last + 1):
        x = res_block(p, f"{prefix}.{i}", x, normalize=False, down=True)
    return act(conv(p, f"{prefix}.{last + 2}", act(x)))


def style_encoder(p: Parameters, x: Tensor, y: Tensor) -> Tensor:
    h = trunk(p, "shared", x).flatten(1)
    heads = sum(k.startswith("unshared") and k.endswith("bias") for k in p)
    return domain([F.linear(h, p[f"unshared.{d}.weight"], p[f"unshared.{d}.bias"]) for d in range(heads)], y)


def discriminator(p: Parameters, x: Tensor, y: Tensor) -> Tensor:
    logits = conv(p, f"main.{last_index(p, 'main') + 4}", trunk(p, "main", x)).flatten(1)
    return logits[range(len(y)), y]


class PublishedIteration:
    """The four phases and one training iteration in the published form.

    Args:
        networks: `generator`, `mapping_network`, `style_encoder`, `discriminator`, of which the parameters are used.
        batch: `x, y_org, x_ref, x_ref2, y_trg, z, z2`.
        masks: from images to the two masks, if `w_hpf` > 0.
    """

    def __init__(
        self,
        networks: dict[str, nn.Module],
        batch: dict[str, Tensor],
        w_hpf: float = 0.0,
        masks: Callable[[Tensor], Any] | None = None,
        lambdas: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0),
    ) -> None:
        self.networks, self.batch, self.w_hpf, self.lambdas = networks, batch, w_hpf, lambdas
        self.make_masks = masks or (lambda images: None)
        self.g, self.f, self.e, self.d = (
            dict(networks[name].named_parameters())
            for name in ("generator", "mapping_network", "style_encoder", "discriminator")
        )

    def generate(self, x: Tensor, s: Tensor) -> Tensor:
        with torch.no_grad():
            masks = self.make_masks(x)
        return generator(self.g, x, s, masks, self.w_hpf)

    def discriminator_loss(self, reference: bool) -> tuple[Tensor, dict[str, Tensor]]:
        b = self.batch
        x = b["x"].requires_grad_()
        out = discriminator(self.d, x, b["y_org"])
        real = F.binary_cross_entropy_with_logits(out, torch.ones_like(out))
        grad = torch.autograd.grad(out.sum(), x, create_graph=True, retain_graph=True)[0]
        reg = 0.5 * grad.pow(2).reshape(len(x), -1).sum(1).mean()
        with torch.no_grad():
            if reference:
                s = style_encoder(self.e, b["x_ref"], b["y_trg"])
            else:
                s = mapping_network(self.f, b["z"], b["y_trg"])
            x_fake = self.generate(x, s)
        out = discriminator(self.d, x_fake, b["y_trg"])
        fake = F.binary_cross_entropy_with_logits(out, torch.zeros_like(out))
        return real + fake + self.lambdas[0] * reg, {"real": real, "fake": fake, "reg": reg}

    def generator_loss(self, reference: bool) -> tuple[Tensor, dict[str, Tensor]]:
        b = self.batch
        if reference:
            s, s2 = (style_encoder(self.e, b[name], b["y_trg"]) for name in ("x_ref", "x_ref2"))
        else:
            s, s2 = (mapping_network(self.f, b[name], b["y_trg"]) for name in ("z", "z2"))
        x_fake = self.generate(b["x"], s)
        out = discriminator(self.d, x_fake, b["y_trg"])
        adv = F.binary_cross_entropy_with_logits(out, torch.ones_like(out))
        sty = (style_encoder(self.e, x_fake, b["y_trg"]) - s).abs().mean()
        x_fake2 = self.generate(b["x"], s2).detach()
        ds = (x_fake - x_fake2).abs().mean()
        s_org = style_encoder(self.e, b["x"], b["y_org"])
        cyc = (self.generate(x_fake, s_org) - b["x"]).abs().mean()
        _, lambda_sty, lambda_ds, lambda_cyc = self.lambdas
        loss = adv + lambda_sty * sty - lambda_ds * ds + lambda_cyc * cyc
        return loss, {"adv": adv, "sty": sty, "ds": ds, "cyc": cyc}

    def run_by_phase(
        self, optimizers: dict[str, torch.optim.Optimizer], ema: dict[str, nn.Module]
    ) -> Iterator[tuple[str, dict[str, float]]]:
        """One iteration: four phases with their optimizer steps, then the EMA; after each its name and its terms."""
        for phase, loss_of, reference, updated in (
            ("d_latent", self.discriminator_loss, False, ("discriminator",)),
            ("d_reference", self.discriminator_loss, True, ("discriminator",)),
            ("g_latent", self.generator_loss, False, ("generator", "mapping_network", "style_encoder")),
            ("g_reference", self.generator_loss, True, ("generator",)),
        ):
            loss, named = loss_of(reference)
            for optimizer in optimizers.values():
                optimizer.zero_grad()
            loss.backward()
            for name in updated:
                optimizers[name].step()
            yield phase, {name: float(term.detach()) for name, term in named.items()}
        for name, average in ema.items():
            for mean, parameter in zip(average.parameters(), self.networks[name].parameters(), strict=True):
                mean.data = torch.lerp(parameter.data, mean.data, 0.999)
        yield "ema", {}

    def run(self, optimizers: dict[str, torch.optim.Optimizer], ema: dict[str, nn.Module]) -> dict[str, float]:
        """One iteration; the terms by `phase/name`."""
        phases = self.run_by_phase(optimizers, ema)
        return {f"{phase}/{name}": term for phase, terms in phases for name, term in terms.items()}


def published_optimizers(networks: dict[str, nn.Module], **options: Any) -> dict[str, torch.optim.Optimizer]:
    """One Adam a network as published: betas 0 and 0.99, weight decay 1e-4, rate 1e-4, for the mapping network 1e-6."""
    return {
        name: torch.optim.Adam(
            network.parameters(),
            lr=1e-6 if name == "mapping_network" else 1e-4,
            betas=(0.0, 0.99),
            weight_decay=1e-4,
            **options,
        )
        for name, network in networks.items()
    }


def averages(networks: dict[str, nn.Module]) -> dict[str, nn.Module]:
    """Copies of the three networks that are averaged."""
    return {name: copy.deepcopy(networks[name]) for name in ("generator", "mapping_network", "style_encoder")}
