"""One training step of each model: in the plain form, written from the formulas, and as shipped.

Both compute the losses of all phases with their gradients, take the optimizers' steps and update the averages. The
shipped step does what `lightning_modules.base.PhasedModule` does in a step, without Lightning, so that it also runs
where Lightning, Hydra and wandb are missing: losses and the norm of the gradients of each phase are computed, and read
a step later.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from benchmarks.measuring import Settings, Table, measure
from benchmarks.models import Model


@dataclass(frozen=True)
class Variant:
    """How a step is computed.

    Attributes:
        name: for tables.
        plain: the plain form; otherwise as shipped.
        tf32: whether float32 products and convolutions may use TensorFloat-32 (CUDA only).
        bf16: bfloat16 where it is safe, as `trainer.precision=bf16-mixed`.
        channels_last: images and kernels in the channels-last memory layout.
        compile: networks compiled with `torch.compile`.
        graph: the whole step captured once as a CUDA graph, and replayed.
    """

    name: str
    plain: bool = False
    tf32: bool = False
    bf16: bool = False
    channels_last: bool = False
    compile: bool = False
    graph: bool = False


class ShippedStep:
    """A step as the training module takes it, with the optimizers of `conf/`."""

    def __init__(self, model: Model, variant: Variant) -> None:
        self.model, self.variant = model, variant
        self.networks, self.batch = model.networks(), model.batch()
        if variant.channels_last:
            for network in self.networks.values():
                network.to(memory_format=torch.channels_last)
            self.batch = {
                name: value.contiguous(memory_format=torch.channels_last) if value.ndim == 4 else value
                for name, value in self.batch.items()
            }
        self.ema = {name: copy.deepcopy(self.networks[name]).requires_grad_(False) for name in model.averaged}
        options: dict[str, Any] = {"fused": True}
        if variant.graph:
            options["capturable"] = True
        self.optimizers = model.optimizers(self.networks, **options)
        if variant.compile:
            model.compile(self.networks)
        self.steps = 0
        self._terms: dict[str, Tensor] = {}
        self._sent: Tensor | None = None

    def __call__(self) -> Iterator[str]:
        """Run one step; after each phase comes its name."""
        yield from self._compute()
        last, self._sent = self._sent, self._values().to("cpu", non_blocking=True)
        if last is not None:  # of the step before this one: the host does not wait for this one
            last.tolist()

    @property
    def terms(self) -> dict[str, float]:
        """The loss terms of the last step by `phase/name`, with the norms of the gradients. Waits for the device."""
        return dict(zip(self._terms, self._values().tolist(), strict=True))

    def _values(self) -> Tensor:
        return torch.stack([*self._terms.values()])

    def _compute(self) -> Iterator[str]:
        self._terms = {}
        with self._autocast():
            phases = self.model.phases(self.networks, self.batch, self.steps)
        for name, loss_of, updates in phases:
            with self._autocast():
                loss, terms = loss_of()
            parameters = [p for network in updates for p in self.networks[network].parameters()]
            loss.backward(inputs=parameters)
            gradients = [p.grad for p in parameters if p.grad is not None]
            self._terms |= {f"{name}/{term}": value.float() for term, value in terms.items()}
            self._terms[f"{name}/grad_norm"] = torch.nn.utils.get_total_norm(gradients)
            for network in updates:
                self.optimizers[network].step()
            for parameter in parameters:
                parameter.grad = None
            del loss, terms, gradients
            yield name
        if self.ema:
            for name, average in self.ema.items():
                new = [p.detach() for p in self.networks[name].parameters()]
                torch._foreach_lerp_(list(average.parameters()), new, 1e-3)
                for mean, buffer in zip(average.buffers(), self.networks[name].buffers(), strict=True):
                    mean.copy_(buffer)
            yield "ema"
        self.steps += 1

    def capture(self) -> Callable[[], None]:
        """Capture the step as a CUDA graph; a function that replays it."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(3):
                for _ in self._compute():
                    pass
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            for _ in self._compute():
                pass
        return graph.replay

    def _autocast(self) -> AbstractContextManager[Any]:
        if not self.variant.bf16:
            return nullcontext()
        return torch.autocast(self.model.device.type, dtype=torch.bfloat16)


class PlainStep:
    """A step in the plain form.

    Attributes:
        terms: the loss terms of the last step by `phase/name`.
    """

    def __init__(self, model: Model) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the classic spectral norm is deprecated
            self._step = model.plain_step()
        self.terms: dict[str, float] = {}

    def __call__(self) -> Iterator[str]:
        for phase, terms in self._step():
            self.terms |= {f"{phase}/{name}": term for name, term in terms.items()}
            yield phase


FIRST_PHASE = "largest relative difference of a loss of the first phase, plain and float32"


def step_table(title: str, model: Model, variants: list[Variant], settings: Settings) -> Table:
    """Measure steps of a model on a CPU, in turns. The first two variants are the plain form and ours in float32."""
    plain, shipped = PlainStep(model), ShippedStep(model, variants[1])
    steps: dict[str, PlainStep | ShippedStep] = {variants[0].name: plain, variants[1].name: shipped}
    others = settings.measured({variant.name: variant for variant in variants[2:]})
    steps |= {name: ShippedStep(model, variant) for name, variant in others.items()}
    difference = first_difference(plain, shipped)
    rows = measure(steps, repeats=settings.repeats, seconds=120)
    return Table(title, rows, variants[0].name, {FIRST_PHASE: difference})


def first_difference(plain: PlainStep, shipped: ShippedStep) -> float:
    """The largest relative difference between the terms of the first phase, before any weight has changed."""
    next(plain())
    next(shipped())
    terms = shipped.terms
    differences = [abs(value - terms[name]) / max(abs(value), 1e-12) for name, value in plain.terms.items()]
    return float(f"{max(differences):.2g}")
