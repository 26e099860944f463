"""The shared-work step against the published iteration: small networks here, goldens at full size as slow tests."""

import copy
import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from hairgan.losses.stargan import StarGANv2Step, StarGANv2Weights
from hairgan.networks.region_masks import region_masks
from hairgan.networks.stargan import Discriminator, Generator, MappingNetwork, StyleEncoder
from hairgan.weights.official import from_official
from tests.golden.rule import GOLDEN, Golden, image, randn
from tests.oracles.published_stargan import PublishedIteration, averages, published_optimizers

UPDATES = {
    "d_latent": ("discriminator",),
    "d_reference": ("discriminator",),
    "g_latent": ("generator", "mapping_network", "style_encoder"),
    "g_reference": ("generator",),
}
LAMBDAS = (0.7, 1.3, 0.6, 1.1)
WEIGHTS = StarGANv2Weights(*LAMBDAS)


def small_networks(w_hpf: float = 0.0, dtype: torch.dtype = torch.float64) -> dict[str, Any]:
    torch.manual_seed(0)
    networks = {
        "generator": Generator(64, style_dim=8, max_width=16, base_width=4, w_hpf=w_hpf),
        "mapping_network": MappingNetwork(3, style_dim=8, hidden_dim=16),
        "style_encoder": StyleEncoder(64, 3, style_dim=8, max_width=16, base_width=4),
        "discriminator": Discriminator(64, 3, max_width=16, base_width=4),
    }
    return {name: network.to(dtype) for name, network in networks.items()}


def small_batch(dtype: torch.dtype = torch.float64) -> dict[str, Tensor]:
    torch.manual_seed(1)
    x, x_ref, x_ref2 = (torch.rand(3, 2, 3, 64, 64) * 2 - 1).to(dtype)
    z, z2 = torch.randn(2, 2, 16).to(dtype)
    y_org, y_trg = torch.tensor([[0, 2], [1, 0]])
    return {"x": x, "y_org": y_org, "x_ref": x_ref, "x_ref2": x_ref2, "y_trg": y_trg, "z": z, "z2": z2}


def brightness_masks(images: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Masks that, like FAN's, are functions of the image."""
    mask = images.mean(1, keepdim=True).sigmoid()
    return mask, mask**2


def parameters(networks: dict[str, nn.Module], names: tuple[str, ...]) -> list[nn.Parameter]:
    return [p for name in names for p in networks[name].parameters()]


def gradients(loss: Tensor, networks: dict[str, nn.Module], names: tuple[str, ...]) -> dict[str, Tensor | None]:
    keys = [f"{name}.{key}" for name in names for key, _ in networks[name].named_parameters()]
    return dict(zip(keys, torch.autograd.grad(loss, parameters(networks, names), allow_unused=True), strict=True))


@pytest.mark.parametrize("w_hpf", [0.0, 1.0])
def test_phases_equal_the_published_ones(w_hpf: float) -> None:
    """Terms and gradients of the four phases in float64, the networks updated after each."""
    masks = brightness_masks if w_hpf else None
    networks = small_networks(w_hpf)
    theirs = copy.deepcopy(networks)
    published = PublishedIteration(theirs, small_batch(), w_hpf, masks, LAMBDAS)
    step = StarGANv2Step(**networks, **small_batch(), weights=WEIGHTS, masks=masks)
    for phase, updates in UPDATES.items():
        loss, terms = getattr(step, phase)()
        published_loss = published.discriminator_loss if phase.startswith("d") else published.generator_loss
        expected_loss, expected_terms = published_loss(phase.endswith("reference"))
        torch.testing.assert_close(loss, expected_loss, rtol=1e-9, atol=1e-9)
        for name, value in expected_terms.items():
            torch.testing.assert_close(terms[name], value.detach(), rtol=1e-9, atol=1e-9)
            assert not terms[name].requires_grad
        got, expected = gradients(loss, networks, updates), gradients(expected_loss, theirs, updates)
        for (name, gradient), parameter, other in zip(
            got.items(), parameters(networks, updates), parameters(theirs, updates), strict=True
        ):
            if gradient is None or expected[name] is None:
                assert gradient is expected[name] is None, (phase, name)
                continue
            torch.testing.assert_close(gradient, expected[name], rtol=1e-6, atol=1e-9, msg=f"{phase} {name}")
            with torch.no_grad():
                parameter -= 0.1 * gradient
                other.copy_(parameter)


def test_each_phase_alone() -> None:
    """A phase gives the same loss whatever came before it, if no network was updated."""
    networks = small_networks()
    in_order = StarGANv2Step(**networks, **small_batch())
    for phase in UPDATES:
        alone = StarGANv2Step(**networks, **small_batch())
        torch.testing.assert_close(getattr(in_order, phase)()[0], getattr(alone, phase)()[0])


def test_gradients_go_only_where_they_are_asked_for() -> None:
    networks, batch = small_networks(), small_batch()
    step = StarGANv2Step(**networks, **batch)
    for phase, updates in UPDATES.items():
        loss, _ = getattr(step, phase)()
        loss.backward(inputs=parameters(networks, updates))
        with_gradient = {name for name, net in networks.items() if any(p.grad is not None for p in net.parameters())}
        assert with_gradient == set(updates)
        for network in networks.values():
            network.zero_grad()
    assert batch["x"].grad is None
    assert not batch["x"].requires_grad


def test_lambda_ds_is_replaced() -> None:
    assert WEIGHTS.with_lambda_ds(0.25) == StarGANv2Weights(0.7, 1.3, 0.25, 1.1)


def test_lazy_regularization_leaves_out_r1_and_weighs_it_more_when_it_is_due() -> None:
    networks = small_networks()
    full, due, between = (
        StarGANv2Step(**networks, **small_batch(), weights=weights, regularize=regularize).d_latent()
        for weights, regularize in ((WEIGHTS, True), (WEIGHTS.with_lazy_reg(16), True), (WEIGHTS, False))
    )
    reg = full[1]["reg"]
    assert reg > 0
    assert "reg" not in between[1]
    torch.testing.assert_close(between[0], full[0] - WEIGHTS.lambda_reg * reg)
    torch.testing.assert_close(due[0], full[0] + 15 * WEIGHTS.lambda_reg * reg)


@pytest.mark.parametrize("w_hpf", [0.0, 1.0])
def test_a_fused_loss_is_the_mean_of_the_two_that_it_replaces(w_hpf: float) -> None:
    networks, masks = small_networks(w_hpf), brightness_masks if w_hpf else None
    fused, separate = (StarGANv2Step(**networks, **small_batch(), weights=WEIGHTS, masks=masks) for _ in range(2))
    for kind, same in (("d", ("discriminator",)), ("g", ("generator",))):
        updates = UPDATES[f"{kind}_latent"]
        loss, terms = getattr(fused, f"{kind}_both")()
        got = gradients(loss, networks, updates)
        latent, reference = (getattr(separate, f"{kind}_{style}")() for style in ("latent", "reference"))
        torch.testing.assert_close(loss, (latent[0] + reference[0]) / 2)
        for name, term in terms.items():
            torch.testing.assert_close(term, (latent[1][name] + reference[1][name]) / 2)
        of_latent, of_reference = (gradients(each, networks, updates) for each in (latent[0], reference[0]))
        for name, gradient in got.items():
            if gradient is None or not name.startswith(same):
                continue
            torch.testing.assert_close(gradient, (of_latent[name] + of_reference[name]) / 2, msg=name)
        for name, gradient in got.items():
            if name.startswith("mapping_network"):
                torch.testing.assert_close(gradient, of_latent[name] / 2, msg=name)


def test_fused_phases_give_gradients_to_all_that_they_update() -> None:
    networks = small_networks()
    step = StarGANv2Step(**networks, **small_batch())
    for phase, updates in (("d_both", ("discriminator",)), ("g_both", UPDATES["g_latent"])):
        loss, _ = getattr(step, phase)()
        assert all(gradient is not None for gradient in gradients(loss, networks, updates).values())


def test_region_masks_are_made_from_the_labels_of_the_source() -> None:
    networks = small_networks(1.0, torch.float32)
    labels = torch.randint(0, 19, (2, 64, 64))
    batch = small_batch(torch.float32)
    step = StarGANv2Step(**networks, **batch, masks=region_masks, labels=labels)
    other = StarGANv2Step(**networks, **batch, masks=region_masks, labels=labels.flip(2))
    assert torch.equal(step.masks[0], region_masks(None, labels)[0])
    assert not torch.allclose(step.g_latent()[1]["cyc"], other.g_latent()[1]["cyc"])


def test_one_autocast_context_around_all_phases() -> None:
    """Half-precision copies of weights neither outlive an update nor hide gradients, and R1 is in float32."""
    results = []
    for contexts in ("one", "one per phase"):
        networks = small_networks(dtype=torch.float32)
        step = StarGANv2Step(**networks, **small_batch(torch.float32))
        values: list[Tensor] = []
        with torch.autocast("cpu", torch.bfloat16, enabled=contexts == "one"):
            for phase, updates in UPDATES.items():
                with torch.autocast("cpu", torch.bfloat16):
                    loss, terms = getattr(step, phase)()
                with torch.autocast("cpu", enabled=False):  # else autocast would reach R1's second derivative
                    loss.backward(inputs=parameters(networks, updates))
                assert all(p.grad is not None for p in parameters(networks, updates))
                assert all(term.dtype == torch.float32 for term in terms.values())
                values += terms.values()
                with torch.no_grad():
                    for p in parameters(networks, updates):
                        p -= 0.3 * p.grad
                        p.grad = None
        results.append(torch.stack(values))
    assert torch.equal(*results)
    single = StarGANv2Step(**small_networks(dtype=torch.float32), **small_batch(torch.float32)).d_latent()[1]
    torch.testing.assert_close(results[0][[0, 2]], torch.stack([single["real"], single["reg"]]), rtol=1e-6, atol=0)


# -- full size: goldens --


@pytest.fixture
def golden_networks() -> dict[str, Any]:
    folders = {"generator": "generator_hpf0", "mapping_network": "mapping"}
    return {
        name: from_official(f"stargan_v2/{name}", Golden(f"stargan_v2/{folders.get(name, name)}").state())
        for name in ("generator", "mapping_network", "style_encoder", "discriminator")
    }


@pytest.fixture(scope="module")
def golden_losses() -> dict[str, Any]:
    losses = json.loads((GOLDEN / "stargan_v2/training/losses.json").read_text())
    for phases in (losses, *losses["iterations"]):
        phases["d_reference"], phases["g_reference"] = phases.pop("d_ref"), phases.pop("g_ref")
    return losses


def golden_batch() -> dict[str, Tensor]:
    images = {name: image(tag, 2) for tag, name in ((1, "x"), (2, "x_ref"), (3, "x_ref2"))}
    domains = {"y_org": torch.tensor([0, 5]), "y_trg": torch.tensor([3, 1])}
    return images | domains | {"z": randn(4, 2, 16), "z2": randn(5, 2, 16)}


@pytest.mark.slow
@pytest.mark.parametrize("phase", list(UPDATES))
def test_golden_phase(phase: str, golden_networks: dict[str, Any], golden_losses: dict[str, Any]) -> None:
    loss, terms = getattr(StarGANv2Step(**golden_networks, **golden_batch()), phase)()
    expected = golden_losses[phase]
    assert float(loss.detach()) == pytest.approx(expected["total"], rel=1e-4)
    for name, term in terms.items():
        assert float(term) == pytest.approx(expected[name], rel=1e-4), name
    loss.backward(inputs=parameters(golden_networks, UPDATES[phase]))
    for name in UPDATES[phase]:
        norm = sum(p.grad.double().pow(2).sum() for p in golden_networks[name].parameters() if p.grad is not None)
        assert float(norm.sqrt()) == pytest.approx(expected["grad_l2"][name], rel=1e-3), name


@pytest.mark.slow
def test_golden_iterations(golden_networks: dict[str, Any], golden_losses: dict[str, Any]) -> None:
    """Two iterations with Adam. Its first step is a sign step, which amplifies rounding: loose by the second."""
    optimizers = published_optimizers(golden_networks)
    start, ema = copy.deepcopy(golden_networks), averages(golden_networks)
    weights = StarGANv2Weights()
    for expected, tolerance in zip(golden_losses["iterations"], (1e-3, 1e-1), strict=True):
        step = StarGANv2Step(**golden_networks, **golden_batch(), weights=weights)
        for phase, updates in UPDATES.items():
            loss, terms = getattr(step, phase)()
            loss.backward(inputs=parameters(golden_networks, updates))
            for name in updates:
                optimizers[name].step()
                optimizers[name].zero_grad()
            for name, term in terms.items():
                assert float(term) == pytest.approx(expected[phase][name], rel=tolerance, abs=1e-5), (phase, name)
        weights = weights.with_lambda_ds(expected["lambda_ds_after"])
        for name, average in ema.items():
            for mean, p in zip(average.parameters(), golden_networks[name].parameters(), strict=True):
                mean.data.lerp_(p.data, 1e-3)
        for key, networks in (("param_delta_l2", golden_networks), ("ema_delta_l2", ema)):
            for name, delta in expected[key].items():
                moved = zip(networks[name].parameters(), start[name].parameters(), strict=True)
                squared = sum(float((p - q).detach().double().pow(2).sum()) for p, q in moved)
                assert squared**0.5 == pytest.approx(delta, rel=tolerance), (key, name)
