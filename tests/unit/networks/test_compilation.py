"""`compile=true` reaches every layer that a training step computes, with equal results."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import jaxtyping
import pytest
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from hairgan.networks.compilation import compile_network
from hairgan.networks.face_parser import BiSeNet
from hairgan.networks.hair_classifier import HairClassifier
from hairgan.networks.sean import SEANDiscriminator, SEANGenerator
from hairgan.networks.stargan import Generator
from hairgan.regions import NUM_REGIONS


@pytest.fixture(autouse=True)
def as_in_a_run() -> Iterator[None]:
    """Without the checks of shapes that tests switch on, which would cut graphs; nothing is compiled before."""
    torch._dynamo.reset()
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)
    torch._dynamo.reset()


class Convolutions(TorchDispatchMode):
    """Counts the convolutions that are computed."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += func._overloadpacket is torch.ops.aten.convolution
        return func(*args, **(kwargs or {}))


def images(size: int = 64) -> Tensor:
    return torch.rand(2, 3, size, size) * 2 - 1


STEPS: dict[str, tuple[Callable[[], nn.Module], Callable[[Any], Tensor]]] = {
    "stargan": (
        lambda: Generator(32, 8, max_width=8, base_width=4, w_hpf=0.0),
        lambda net: net.decode_styled(net.encode_source(images(32)), torch.ones(2, 8)),
    ),
    "face_parser": (lambda: BiSeNet(18, 4), lambda net: torch.cat(net.with_auxiliary(images()))),
    "hair_classifier": (lambda: HairClassifier(18, 4), lambda net: torch.cat([*net(images()).values()], dim=1)),
}


@pytest.mark.parametrize("name", STEPS)
def test_every_convolution_of_a_step_is_compiled(name: str) -> None:
    make, step = STEPS[name]
    compiled = 0

    def backend(graph: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
        nonlocal compiled
        compiled += sum("conv" in str(node.target) for node in graph.graph.nodes if node.op == "call_function")
        return graph.forward

    network = make().eval()
    torch.manual_seed(1)
    with Convolutions() as computed:
        expected = step(network)
    compile_network(network, backend=backend)
    torch.manual_seed(1)
    torch.testing.assert_close(step(network), expected)
    assert compiled == computed.count > 0


def test_the_generator_of_sean_is_not_compiled_but_its_discriminator_is() -> None:
    """PyTorch's compiler fails in the generator's backward pass, because sizes depend on the label maps."""

    def refuses(graph: torch.fx.GraphModule, inputs: Any) -> Callable[..., Any]:
        raise RuntimeError("this is compiled")

    labels = torch.arange(2 * 32 * 32).view(2, 32, 32) // 97 % NUM_REGIONS
    generator, discriminator = SEANGenerator(32, width=2, style_dim=4), SEANDiscriminator(2)
    for network in (generator, discriminator):
        compile_network(network, backend=refuses)
    generator(labels, generator.encode_styles(images(32), labels)).sum().backward()
    with pytest.raises(Exception, match="this is compiled"):
        discriminator(labels, images(32))


def test_a_copy_of_a_compiled_network_has_its_own_weights() -> None:
    parser = BiSeNet(18, 4).eval()
    names = list(parser.state_dict())
    compile_network(parser, backend="eager")
    other = copy.deepcopy(parser)
    for parameter in other.parameters():
        nn.init.zeros_(parameter)
    assert list(parser.state_dict()) == names
    assert not other.with_auxiliary(images())[0].any() and parser.with_auxiliary(images())[0].any()


def test_a_generator_as_deep_as_the_published_one_stays_within_the_limit_of_compilations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Beyond the limit PyTorch runs a network without compiling it, after a warning that is easy to miss."""
    monkeypatch.setattr("torch._dynamo.config.fail_on_recompile_limit_hit", True)
    generator = Generator(256, 4, max_width=4, base_width=1)
    compile_network(generator, backend="eager")
    x, s, masks = torch.zeros(1, 3, 256, 256), torch.zeros(1, 4), (torch.ones(1, 1, 4, 4),) * 2
    encoding = generator.encode_source(x)  # as the phases of a step call it
    fake = generator.decode_styled(encoding, s.clone().requires_grad_(), masks)
    generator.decode_styled(encoding, s, masks)
    with torch.no_grad():
        generator.decode_styled(encoding.detach(), s, masks)
        generator.decode_styled(encoding, s, masks)
    generator(fake, s, masks).sum().backward()
