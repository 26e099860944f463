"""Activation checkpointing (Chen et al. 2016): the activations of a block are recomputed in the backward pass.

It costs about a third more computation; in return, memory no longer grows with the depth of the blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint


def checkpoint_activations(blocks: Iterable[nn.Module]) -> None:
    """Make blocks keep only their inputs, in place; parameters, their names and the gradients stay the same.

    The recomputation starts from the same buffers (running statistics, power iterations) as the first computation,
    and leaves the buffers as the first one left them.
    """
    for block in blocks:
        block.forward = partial(_forward, block, block.forward)


def _forward(block: nn.Module, forward: Callable[..., Any], *inputs: Any) -> Any:
    if not torch.is_grad_enabled():
        return forward(*inputs)
    return checkpoint(
        forward, *inputs, use_reentrant=False, preserve_rng_state=False, context_fn=lambda: _contexts(block)
    )


def _contexts(block: nn.Module) -> tuple[AbstractContextManager[None], AbstractContextManager[None]]:
    before = [
        (module, name, buffer.clone())
        for module in block.modules()
        for name, buffer in module._buffers.items()
        if module.training and buffer is not None
    ]
    return nullcontext(), _with_buffers(before)


@contextmanager
def _with_buffers(values: list[tuple[nn.Module, str, Tensor]]) -> Iterator[None]:
    current = [(module, name, module._buffers[name]) for module, name, _ in values]
    for module, name, value in values:
        module._buffers[name] = value
    try:
        yield
    finally:
        for module, name, buffer in current:
            module._buffers[name] = buffer
