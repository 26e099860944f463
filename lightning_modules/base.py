"""How a training step goes: a list of phases, each with its loss and the networks it updates.

    class MyModule(PhasedModule):
        def phases(self, batch):                       # in the order they run
            yield Phase("d", lambda: d_loss(...), updates=("discriminator",))
            yield Phase("g", lambda: g_loss(...), updates=("generator",))

A phase computes its loss, takes the gradients of the networks it updates (and of nothing else), averages them over the
processes, insists that all of it is finite, scales them down where `gradient_clip` is set and their norm is above it,
and steps their optimizers.

The module counts steps itself: Lightning's `global_step` counts optimizer steps,
of which a step of ours has several. Everything that looks at a step looks at `steps_done`.
"""

from __future__ import annotations

import contextlib
import copy
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
import torch.distributed as dist
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import Metric

from hairgan.data.requirements import Requirement
from hairgan.losses.phase import PhaseLoss
from hairgan.networks.activation_checkpointing import checkpoint_activations
from hairgan.randomness import key
from lightning_modules.execution import Execution, in_channels_last, split
from lightning_modules.failures import skip_failures

GRAD_NORM = "grad_norm"


@dataclass(frozen=True)
class Phase:
    """One loss and the networks it updates.

    Attributes:
        name: prefix of the logged terms, e.g. `d_latent`.
        loss: computes the loss and its named terms; called once, when the phase's turn comes.
        updates: names of the networks whose gradients are taken and whose optimizers step.
    """

    name: str
    loss: Callable[[], PhaseLoss]
    updates: tuple[str, ...]


class NonFiniteError(RuntimeError):
    """A loss, gradient or weight is not finite; the message names it and its step."""


class PhasedModule(pl.LightningModule):
    """A LightningModule that trains in phases, with exponential moving averages (EMA) of chosen networks.

    Args:
        networks: the trained networks by name.
        optimizers: one function per network, from its parameters (or parameter groups) to an optimizer.
        schedule: factor on every learning rate as a function of the step; None is constant 1.
        ema: names of the networks to average; the averages start equal to their networks and are saved with them.
        ema_decay: share of the average that is kept at each step.
        seed: the run's seed: latents, noise and dropout are functions of it and of the step.

    Attributes:
        requires: what it needs of the data, besides what its batches need.

    Attributes:
        execution: how a step is computed.
        gradient_clip: largest norm of the gradients of a phase, over all its networks; None leaves them as they are.
        scores: what a validation measures, where a family has one: a metric with `names`, which `validation_step`
            updates; its values are logged as `val/NAME`.
        measured: what was measured so far in this process, by name: the step and the value.
    """

    requires: tuple[Requirement, ...] = ()
    needs: ClassVar[Mapping[str, type[nn.Module] | tuple[str, ...]]] = {}
    """What this family calls of its networks, by their names: a class, or names of attributes and methods."""

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        optimizers: Mapping[str, Callable[[Any], Optimizer]],
        *,
        seed: int,
        schedule: Callable[[int], float] | None = None,
        ema: Iterable[str] = (),
        ema_decay: float = 0.999,
    ) -> None:
        super().__init__()
        for name, needed in self.needs.items():
            _check_network(type(self).__name__, name, networks[name], needed)
        self.automatic_optimization = False
        self.networks = nn.ModuleDict(dict(networks))
        self.ema = nn.ModuleDict({name: copy.deepcopy(networks[name]).requires_grad_(False).eval() for name in ema})
        self.ema_decay, self.seed, self.schedule = ema_decay, seed, schedule
        self.execution = Execution()
        self.gradient_clip: float | None = None
        self._make_optimizer = dict(optimizers)
        self.steps_done = 0
        self.last_logs: dict[str, float] = {}
        self.scores: Metric | None = None
        self.measured: dict[str, tuple[int, float]] = {}

    # what a family defines

    def phases(self, batch: dict[str, Any]) -> Iterable[Phase]:
        """The phases of one step, in order; only their losses compute. Two phases may share what their losses keep, but
        must not rely on it: when a batch is taken in parts, each phase of each part comes from a call of its own.
        """
        raise NotImplementedError

    def parameter_groups(self, name: str) -> Any:
        """What the network's optimizer gets: its parameters, or groups of them (`lr_factor` scales a group's rate)."""
        return self.networks[name].parameters()

    def blocks(self) -> Iterable[nn.Module]:
        """The blocks whose activations may be computed again for their gradients.

        Raises:
            ValueError: this model has none.
        """
        raise ValueError(f"activation_checkpointing=true is for stargan and sean, not for a {type(self).__name__}")

    def compile_networks(self, backend: str) -> None:
        """Compile what may be, in place, so that the names of parameters stay."""
        for network in self.networks.values():
            network.compile(backend=backend)

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Pictures to look at, by name, as `uint8 (H, W, 3)` arrays, made from a fixed validation batch."""
        return {}

    def averaged(self, name: str) -> nn.Module:
        """The network to use for pictures, metrics and export: its EMA, or the network itself where none is kept."""
        return self.ema[name] if name in self.ema else self.networks[name]

    @contextlib.contextmanager
    def in_evaluation_mode(self) -> Iterator[None]:
        """All networks in evaluation mode, and afterwards as they were."""
        training = [network for network in (*self.networks.values(), *self.ema.values()) if network.training]
        for network in training:
            network.eval()
        try:
            yield
        finally:
            for network in training:
                network.train()

    # one step

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        step = self.steps_done
        torch.manual_seed(key(self.seed, "step", step, self.global_rank))  # what draws globally, e.g. dropout
        if self.execution.channels_last:
            batch = in_channels_last(batch)
        logs: dict[str, float] = {}
        for parts in self._phases_in_parts(batch):
            logs |= self._run(parts, batch)
        self._update_ema()
        self.steps_done = step + 1
        self.last_logs = logs | self.step_logs()
        if self.steps_done % self.trainer.log_every_n_steps == 0 or self.steps_done == 1:
            self.log_to_loggers(self.last_logs)

    def _phases_in_parts(self, batch: dict[str, Any]) -> Iterator[Iterable[Phase]]:
        """For each phase its parts, one for each part of the batch, made when their turn comes."""
        if self.execution.accumulate == 1:
            yield from ([phase] for phase in self.phases(batch))
            return
        batches = split(batch, self.execution.accumulate)
        for number in range(sum(1 for _ in self.phases(batches[0]))):
            yield (next(islice(self.phases(part), number, None)) for part in batches)

    def _run(self, parts: Iterable[Phase], batch: dict[str, Any]) -> dict[str, float]:
        share = 1 / self.execution.accumulate
        logs: dict[str, Tensor] = {}
        for phase in parts:
            parameters = [p for name in phase.updates for p in self.networks[name].parameters() if p.requires_grad]
            loss, terms = phase.loss()
            # gradients of these parameters, and of nothing else; without autocast, for R1's second derivative
            with torch.autocast(loss.device.type, enabled=False):
                self.manual_backward(loss if share == 1 else loss * share, inputs=parameters)
            for name, term in (terms | {"loss": loss.detach()}).items():
                logs[name] = term if share == 1 else logs.get(name, 0.0) + share * term
        optimizers = [self._optimizer(name) for name in phase.updates]
        gradients = [p.grad for p in parameters if p.grad is not None]
        values = torch.stack([term.detach().float() for term in logs.values()])
        average_over_processes([*gradients, values])
        scaler = self._grad_scaler()
        if scaler is not None:  # 16-mixed: one scale for all optimizers of the phase, updated once
            for optimizer in optimizers:
                scaler.unscale_(optimizer)
        norm = torch.nn.utils.get_total_norm(gradients)
        # one transfer to the host, before the optimizers, and so the weights and their averages, take anything
        numbers = torch.cat([values, norm.to(values)[None]]).tolist()
        named = dict(zip([*logs, GRAD_NORM], numbers, strict=True))
        overflow = GRAD_NORM if scaler is not None else None  # the scaler skips such steps
        bad = [name for name, value in named.items() if not math.isfinite(value) and name != overflow]
        if not bad:
            if self.gradient_clip is not None:  # what is logged is the norm before
                torch.nn.utils.clip_grads_with_norm_(parameters, self.gradient_clip, norm)
            for optimizer in optimizers:
                optimizer.step() if scaler is None else scaler.step(optimizer)
            if scaler is not None:
                scaler.update()
        for parameter in parameters:
            parameter.grad = None
        if bad:
            ids = batch["ids"].tolist() if "ids" in batch else []
            raise NonFiniteError(
                f"step {self.steps_done}, phase {phase.name}: {bad[0]} is {named[bad[0]]}; stopped before weights or "
                f"averages took it. The last checkpoint is untouched. Images of this batch: {ids}"
            )
        return {f"{phase.name}/{name}": value for name, value in named.items()}

    def _optimizer(self, name: str) -> Optimizer:
        # Lightning's wrappers would step a scaler once an optimizer; the plain optimizers are stepped here
        optimizers = self.optimizers(use_pl_optimizer=False)
        every = optimizers if isinstance(optimizers, list) else [optimizers]
        return every[list(self.networks).index(name)]

    def _grad_scaler(self) -> torch.amp.GradScaler | None:
        return getattr(self.trainer.precision_plugin, "scaler", None)

    def _update_ema(self) -> None:
        for name, average in self.ema.items():
            # p_ema <- p + decay * (p_ema - p), over parameters only; buffers are copied
            targets = [p.detach() for p in self.networks[name].parameters()]
            torch._foreach_lerp_(list(average.parameters()), targets, 1 - self.ema_decay)
            for mean, buffer in zip(average.buffers(), self.networks[name].buffers(), strict=True):
                mean.copy_(buffer)

    def insist_on_finite_weights(self) -> None:
        """Refuse weights and averages that hold NaN or infinite values, e.g. before they are saved.

        Raises:
            NonFiniteError: naming the first of them.
        """
        tensors = {
            f"{kind}.{name}": tensor
            for kind, networks in (("networks", self.networks), ("ema", self.ema))
            for name, tensor in networks.state_dict().items()
            if tensor.is_floating_point()
        }
        finite = torch.stack([tensor.isfinite().all() for tensor in tensors.values()]).tolist()
        bad = [name for name, fine in zip(tensors, finite, strict=True) if not fine]
        if bad:
            raise NonFiniteError(
                f"step {self.steps_done}: {bad[0]} holds NaN or infinite values, although losses and gradients were "
                "finite; they are not saved, and the last checkpoint is untouched. Lower the learning rate"
            )

    def step_logs(self) -> dict[str, float]:
        """Values besides the losses to log at a step, e.g. a schedule's."""
        return {}

    def log_to_loggers(self, values: Mapping[str, float]) -> None:
        """Send values to every logger, with our own step on the x axis."""
        for logger in self.loggers:
            logger.log_metrics(dict(values), step=self.steps_done)

    def log_measured(self, values: Mapping[str, float | Tensor]) -> None:
        """Log what was measured at this step: to the loggers, and for whatever monitors it (`measured_now`)."""
        named = {name: float(value) for name, value in values.items()}
        self.log_dict(named, logger=False)  # Lightning's `callback_metrics`
        self.measured |= {name: (self.steps_done, value) for name, value in named.items()}
        self.log_to_loggers(named)

    def measured_now(self, name: str) -> float | None:
        """The value of a name that was measured at this very step; None where it was not."""
        step, value = self.measured.get(name, (-1, 0.0))
        return value if step == self.steps_done else None

    def measures(self) -> list[str] | None:
        """Names of what a validation measures, known before the first; None for a module that does not say."""
        if self.scores is not None:
            return [f"val/{name}" for name in self.scores.names]  # type: ignore[union-attr]
        return None if is_overridden("validation_step", self) else []

    # Lightning's hooks

    def configure_model(self) -> None:
        if self.execution.activation_checkpointing:
            checkpoint_activations(self.blocks())
        if self.execution.channels_last:
            self.to(memory_format=torch.channels_last)
        if self.execution.compile:
            self.compile_networks(self.execution.backend)

    def configure_optimizers(self) -> list[Optimizer]:
        optimizers = [self._make_optimizer[name](self.parameter_groups(name)) for name in self.networks]
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["initial_lr"] = group["lr"] * group.get("lr_factor", 1.0)
        return optimizers

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set every learning rate from the step: a schedule is a function of the step, never of a state."""
        factor = 1.0 if self.schedule is None else self.schedule(self.steps_done)
        for name in self.networks:
            for group in self._optimizer(name).param_groups:
                group["lr"] = group["initial_lr"] * factor

    def on_validation_epoch_end(self) -> None:
        if self.scores is not None:
            with skip_failures(self.trainer, "validation", in_all_processes=True):
                self.log_measured({f"val/{name}": value for name, value in self.scores.compute().items()})
            self.scores.reset()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["steps_done"] = self.steps_done

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """PyTorch's, whose error names every tensor, as a sentence.

        Raises:
            ValueError: the weights are of other networks.
        """
        try:
            return super().load_state_dict(state_dict, strict=strict, assign=assign)
        except RuntimeError as error:
            what = " ".join(str(error).split())
            raise ValueError(f"the checkpoint does not fit the networks of this run: {what[:300]}") from error

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.steps_done = checkpoint["steps_done"]
        # the last batch of that run need not be this one's
        checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False


def _check_network(family: str, name: str, network: nn.Module, needed: type[nn.Module] | tuple[str, ...]) -> None:
    """Refuse a network of somebody's own that cannot take its place, or could not be found again after the run."""
    cls = type(network)
    if isinstance(needed, type):
        if not isinstance(network, needed):
            raise ValueError(
                f"model.{name} is a {cls.__module__}.{cls.__qualname__}, but {family} needs a {needed.__name__} or a "
                "subclass of it"
            )
    elif missing := [attribute for attribute in needed if not hasattr(network, attribute)]:
        raise ValueError(
            f"model.{name} is a {cls.__module__}.{cls.__qualname__}, which lacks what {family} calls: "
            f"{', '.join(missing)} (docs/extending.md)"
        )
    if cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
        raise ValueError(
            f"model.{name} is a {cls.__qualname__} that only this program knows: put the class into a module of its "
            "own, or nothing can load what it learns"
        )


def average_over_processes(tensors: list[Tensor]) -> None:
    """Replace each tensor by its mean over the processes, in one flat all-reduce; nothing to do for one process."""
    if not tensors or not dist.is_available() or not dist.is_initialized() or dist.get_world_size() == 1:
        return
    flat = torch.cat([t.reshape(-1) for t in tensors])
    dist.all_reduce(flat)
    flat.div_(dist.get_world_size())
    for tensor, part in zip(tensors, flat.split([t.numel() for t in tensors]), strict=True):
        tensor.copy_(part.view_as(tensor))
