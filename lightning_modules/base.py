"""The base of all models: a training step is a list of phases, each with its loss and the networks it updates.

    class MyModule(PhasedModule):
        def phases(self, batch):                       # in the order they run
            yield Phase("d", lambda: d_loss(...), updates=("discriminator",))
            yield Phase("g", lambda: g_loss(...), updates=("generator",))

To run a phase, the module computes its loss and the gradients of the networks that it updates, averages both over the
processes, clips the gradients if `gradient_clip` is set, and steps the optimizers, which skip the update if a value is
not finite.

A step does not wait for the device. The host reads the values of a step when the device has computed them, at the end
of the next step, and then stops the training if one is not finite; before a checkpoint it waits for them.

The module counts steps itself, in `steps_done`. Lightning's `global_step` counts the optimizers' steps, of which a
training step has several.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, ClassVar

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities.model_helpers import is_overridden
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import Metric

from hairgan.data.requirements import Requirement
from hairgan.networks.activation_checkpointing import checkpoint_activations
from hairgan.networks.compilation import compile_network
from hairgan.randomness import key
from hairgan.weights.carry_over import is_setting
from lightning_modules.execution import Execution, in_channels_last, split
from lightning_modules.failures import skip_failures
from lightning_modules.fused_optimizers import INITIAL_RATE, make_optimizer, skips_on_device, step_unless
from lightning_modules.network_checks import check_network
from lightning_modules.phase import NonFiniteError, Phase
from lightning_modules.step_values import StepValues
from lightning_modules.strategy import average_over_processes


class PhasedModule(pl.LightningModule):
    """A LightningModule that trains in phases, with exponential moving averages (EMA) of chosen networks.

    Args:
        networks: the trained networks by name.
        optimizers: one function per network, from its parameters (or parameter groups) to an optimizer.
        seed: the run's seed. Latent codes, noise and dropout are functions of the seed and the step.
        schedule: factor on every learning rate as a function of the step. None is the constant 1.
        ema: names of the networks to average. The averages start equal to their networks and are saved with them.
        ema_decay: share of the average in [0, 1] that is kept at each step.

    Attributes:
        execution: how a step is computed.
        gradient_clip: largest norm of the gradients of a phase, over all its networks. None does not clip.
        lr_factors: factors on the learning rates of networks, by name; 1 for others.
        start: what the networks started from, in plain values for records; None for random weights.
        scores: the metric of the validation, with `names`; `validation_step` updates it, and its values are logged as
            `val/NAME`. None: the model is not validated.
        steps_done: number of finished steps.
        checked_logs: the logged values of the newest step whose values the host has read, which were finite: the last
            step or the one before. `last_logs` waits for those of the last step.
        checked_step: the number of steps done at the end of that step.
        measured: step and value of the latest measurement in this process, by name.
    """

    requires: tuple[Requirement, ...] = ()
    """What the model needs of the data, in addition to the needs of its batches."""
    needs: ClassVar[Mapping[str, type[nn.Module] | tuple[str, ...]]] = {}
    """What the model needs of each network, by name: its class, or the attributes and methods that it must have."""

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
            check_network(type(self).__name__, name, networks[name], needed)
        self.automatic_optimization = False
        self.networks = nn.ModuleDict(dict(networks))
        self.ema = nn.ModuleDict({name: copy.deepcopy(networks[name]).requires_grad_(False).eval() for name in ema})
        self.ema_decay, self.seed, self.schedule = ema_decay, seed, schedule
        self.execution = Execution()
        self.gradient_clip: float | None = None
        self.lr_factors: Mapping[str, float] = {}
        self.start: dict[str, Any] | None = None
        self._make_optimizer = dict(optimizers)
        self.steps_done = 0
        self.checked_logs: dict[str, float] = {}
        self.checked_step = 0
        self._unchecked: StepValues | None = None  # of the last step
        self._not_finite: Tensor | None = None  # on the device: 1 after a value that is not finite
        self.scores: Metric | None = None
        self.measured: dict[str, tuple[int, float]] = {}

    # what a model defines

    def phases(self, batch: dict[str, Any]) -> Iterable[Phase]:
        """The phases of one step, in order. Only their losses compute something.

        Losses of two phases may share intermediate results, but must not depend on each other: with gradient
        accumulation, each phase of each part of the batch comes from its own call of this method.
        """
        raise NotImplementedError

    def parameter_groups(self, name: str) -> Any:
        """What the network's optimizer gets: parameters, or groups of them, whose `lr_factor` scales the rate."""
        return self.networks[name].parameters()

    def blocks(self) -> Iterable[nn.Module]:
        """The blocks whose activations can be recomputed in the backward pass.

        Raises:
            ValueError: the model has no such blocks.
        """
        raise ValueError(f"activation_checkpointing=true is for stargan and sean, not for a {type(self).__name__}")

    def sample_grids(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Pictures by name, as `uint8 (H, W, 3)` arrays, made from a fixed validation batch."""
        return {}

    def averaged(self, name: str) -> nn.Module:
        """The network for pictures, metrics and export: its average, or the network itself if it has none."""
        return self.ema[name] if name in self.ema else self.networks[name]

    def freeze_parts(self, parts: Iterable[str]) -> None:
        """Keep networks, or parts of them, as they are: without optimizer steps, and in evaluation mode.

        A phase that would update frozen networks only is skipped.

        Args:
            parts: names of networks, or of modules in them, e.g. `generator.style_encoder`.

        Raises:
            ValueError: there is no such part, or nothing is left to train.
        """
        for part in parts:
            names = part.split(".")
            module: nn.Module = self.networks
            for depth, name in enumerate(names):
                children = dict(module.named_children())
                if name not in children:
                    where = ".".join(names[:depth]) or "this model"
                    raise ValueError(f"init.freeze names '{part}', but {where} has {', '.join(children) or 'no parts'}")
                module = children[name]
            module.requires_grad_(False).eval()
        if not any(parameter.requires_grad for parameter in self.networks.parameters()):
            raise ValueError("init.freeze names all networks, so that nothing is left to train")

    @contextlib.contextmanager
    def in_evaluation_mode(self) -> Iterator[None]:
        """A context with all networks in evaluation mode; afterwards their modes are restored."""
        training = [module for module in (*self.networks.modules(), *self.ema.modules()) if module.training]
        for module in training:
            module.training = False
        try:
            yield
        finally:
            for module in training:
                module.training = True

    # one step

    def training_step(self, batch: dict[str, Any], batch_idx: int) -> None:
        step = self.steps_done
        torch.manual_seed(key(self.seed, "step", step, self.global_rank))  # for global draws, e.g. dropout
        if self.execution.channels_last:
            batch = in_channels_last(batch)
        values = StepValues(step, batch)
        for parts in self._phases_in_parts(batch):
            self._run_phase(parts, values)
        self._update_ema()
        values.send()
        self.check_last_step()  # which is by now the step before this one
        self._unchecked = values
        self.steps_done = step + 1
        if self.steps_done % self.trainer.log_every_n_steps == 0 or self.steps_done == 1:
            self.log_to_loggers(self.last_logs)
        elif self.steps_done == self.trainer.num_training_batches:
            self.check_last_step()

    @property
    def last_logs(self) -> dict[str, float]:
        """The logged values of the last step. Waits for the device.

        Raises:
            NonFiniteError: as `check_last_step`.
        """
        self.check_last_step()
        return self.checked_logs

    def check_last_step(self) -> None:
        """Read the values of the last step, if they were not read yet. Waits for the device.

        Raises:
            NonFiniteError: a value is not finite; weights and averages are as before.
        """
        if self._unchecked is None:
            return
        values, self._unchecked = self._unchecked, None
        logs = values.read()
        self.checked_step = values.step + 1
        self.checked_logs = logs | self.step_logs(values.step)

    def _phases_in_parts(self, batch: dict[str, Any]) -> Iterator[Iterable[Phase]]:
        """Each phase as one part per part of the batch; parts are made when they are needed."""
        if self.execution.accumulate == 1:
            yield from ([phase] for phase in self.phases(batch) if self._trained(phase))
            return
        batches = split(batch, self.execution.accumulate)
        for number, phase in enumerate(self.phases(batches[0])):
            if self._trained(phase):
                yield (next(islice(self.phases(part), number, None)) for part in batches)

    def _trained(self, phase: Phase) -> list[str]:
        """The networks that a phase updates, without frozen ones."""
        return [name for name in phase.updates if any(p.requires_grad for p in self.networks[name].parameters())]

    def _run_phase(self, parts: Iterable[Phase], step_values: StepValues) -> None:
        """Run one phase, given as its parts, and add its values to those of the step."""
        phase, terms = self._backward(parts)
        parameters = self._updated_parameters(phase)
        optimizers = [self._optimizer(name) for name in self._trained(phase)]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        values = torch.stack([term.detach().float() for term in terms.values()])
        average_over_processes([*gradients, values])
        scaler = self._grad_scaler()
        if scaler is not None:  # 16-mixed: one scale for all optimizers of the phase, updated once
            for optimizer in optimizers:
                scaler.unscale_(optimizer)
        norm = torch.nn.utils.get_total_norm(gradients)
        step_values.add(phase, list(terms), values, norm, may_overflow=scaler is not None)
        if self.gradient_clip is not None:  # the logged norm is the one before clipping
            torch.nn.utils.clip_grads_with_norm_(parameters, self.gradient_clip, norm)
        try:
            self._update_weights(optimizers, values, norm, step_values)
        finally:
            for parameter in parameters:
                parameter.grad = None

    def _update_weights(
        self, optimizers: list[Optimizer], values: Tensor, norm: Tensor, step_values: StepValues
    ) -> None:
        """Step the optimizers of a phase, unless a value of this phase or of an earlier one is not finite.

        Raises:
            NonFiniteError: a value is not finite, and an optimizer cannot skip the step by itself.
        """
        scaler = self._grad_scaler()
        if scaler is not None:  # it skips an update whose gradients are not finite
            for optimizer in optimizers:
                scaler.step(optimizer)
            scaler.update()
            return
        finite = values.isfinite().all() & norm.isfinite()
        bad = 1 - finite.float()
        self._not_finite = bad if self._not_finite is None else torch.maximum(self._not_finite, bad)
        if not all(map(skips_on_device, optimizers)):
            self.check_last_step()
            step_values.read()
        for optimizer in optimizers:
            if skips_on_device(optimizer):
                step_unless(self._not_finite, optimizer)
            else:
                optimizer.step()

    def _backward(self, parts: Iterable[Phase]) -> tuple[Phase, dict[str, Tensor]]:
        """Compute the gradients of a phase, averaged over its parts; the phase, and its loss and terms."""
        share = 1 / self.execution.accumulate
        terms: dict[str, Tensor] = {}
        for phase in parts:
            loss, named = phase.loss()
            # only the gradients of these parameters; without autocast, for R1's second derivative
            with torch.autocast(loss.device.type, enabled=False):
                self.manual_backward(loss if share == 1 else loss * share, inputs=self._updated_parameters(phase))
            for name, term in (named | {"loss": loss.detach()}).items():
                terms[name] = term if share == 1 else terms.get(name, 0.0) + share * term
        return phase, terms

    def _updated_parameters(self, phase: Phase) -> list[nn.Parameter]:
        return [p for name in phase.updates for p in self.networks[name].parameters() if p.requires_grad]

    def _optimizer(self, name: str) -> Optimizer:
        # plain optimizers: Lightning's wrappers would update the gradient scale once per optimizer
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

    def check_weights_are_finite(self) -> None:
        """Refuse weights and averages with NaN or infinite values, for example before they are saved.

        Raises:
            NonFiniteError: naming the first of them, or a value of the last step that is not finite.
        """
        self.check_last_step()
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

    def step_logs(self, step: int) -> dict[str, float]:
        """Values to log in addition to the losses, for example a schedule. `step` is the number of steps before."""
        return {}

    def log_to_loggers(self, values: Mapping[str, float]) -> None:
        """Send values to every logger, with `steps_done` as the step."""
        for logger in self.loggers:
            logger.log_metrics(dict(values), step=self.steps_done)

    def log_measured(self, values: Mapping[str, float | Tensor]) -> None:
        """Log values measured at this step, and keep them for callbacks that monitor them (`measured_now`)."""
        named = {name: float(value) for name, value in values.items()}
        self.log_dict(named, logger=False)  # Lightning's `callback_metrics`
        self.measured |= {name: (self.steps_done, value) for name, value in named.items()}
        self.log_to_loggers(named)

    def measured_now(self, name: str) -> float | None:
        """The value that was measured under a name at the current step; None if there is none."""
        step, value = self.measured.get(name, (-1, 0.0))
        return value if step == self.steps_done else None

    def measures(self) -> list[str] | None:
        """Names of the values that a validation measures; None if the model does not declare them."""
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
            for network in self.networks.values():
                compile_network(network, backend=self.execution.backend)

    def configure_optimizers(self) -> list[Optimizer]:
        self._unchecked = self._not_finite = None  # of an earlier fit
        optimizers = {
            name: make_optimizer(self._make_optimizer[name], self.parameter_groups(name)) for name in self.networks
        }
        for name, optimizer in optimizers.items():
            for group in optimizer.param_groups:
                group[INITIAL_RATE] = group["lr"] * group.get("lr_factor", 1.0) * self.lr_factors.get(name, 1.0)
        return list(optimizers.values())

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Set every learning rate as a function of the step."""
        factor = 1.0 if self.schedule is None else self.schedule(self.steps_done)
        for name in self.networks:
            for group in self._optimizer(name).param_groups:
                group["lr"] = group[INITIAL_RATE] * factor

    def on_validation_epoch_end(self) -> None:
        if self.scores is not None:
            with skip_failures(self.trainer, "validation", in_all_processes=True):
                self.log_measured({f"val/{name}": value for name, value in self.scores.compute().items()})
            self.scores.reset()

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint["steps_done"] = self.steps_done

    def load_state_dict(self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False) -> Any:
        """As in PyTorch, with a short error message. Tensors that hold a setting stay as the config has it.

        Raises:
            ValueError: the weights belong to other networks.
        """
        settings = {name: value for name, value in self.state_dict().items() if name in state_dict and is_setting(name)}
        try:
            return super().load_state_dict({**state_dict, **settings}, strict=strict, assign=assign)
        except RuntimeError as error:
            what = " ".join(str(error).split())
            raise ValueError(f"the checkpoint does not fit the networks of this run: {what[:300]}") from error

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.steps_done = checkpoint["steps_done"]
        for callback in self.trainer.early_stopping_callbacks:  # Lightning would restore this setting with their state
            if callback.state_key in checkpoint.get("callbacks", {}):
                checkpoint["callbacks"][callback.state_key]["patience"] = callback.patience
        # the resumed run may have more steps: its last batch is another one
        checkpoint["loops"]["fit_loop"]["epoch_loop.batch_progress"]["is_last_batch"] = False
