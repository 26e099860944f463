"""A warning if half precision runs on a CPU without instructions for it."""

from __future__ import annotations

import pytest

from lightning_modules.launch import precision
from lightning_modules.launch.precision import slow_precision

INTEL = "processor\t: 0\nflags\t\t: fpu sse4_2 avx2 {}\n"
ARM = "processor\t: 0\nFeatures\t: fp asimd {}\n"


@pytest.fixture
def cpu(tmp_path, monkeypatch):
    """Replaces the system's description of the CPU."""

    def describe(text: str) -> None:
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(precision, "CPU_FACTS", tmp_path / "cpuinfo")

    return describe


@pytest.mark.parametrize("facts", [INTEL.format(""), ARM.format("bf16like")])
@pytest.mark.parametrize("chosen", ["bf16-mixed", "16-mixed", "bf16"])
def test_half_precision_without_instructions_gives_a_warning(chosen, facts, cpu):
    cpu(facts)
    warning = slow_precision(chosen, "cpu")
    assert warning.startswith(f"precision {chosen} is slow on this CPU") and "\n" not in warning
    assert "trainer.precision=32-true will be faster" in warning


@pytest.mark.parametrize(
    ("chosen", "device", "facts"),
    [
        ("32-true", "cpu", INTEL.format("")),
        ("64-true", "cpu", INTEL.format("")),
        ("bf16-mixed", "cuda", INTEL.format("")),
        ("bf16-mixed", "cpu", INTEL.format("avx512f avx512_bf16")),
        ("bf16-mixed", "cpu", INTEL.format("avx512f")),
        ("bf16-mixed", "cpu", INTEL.format("amx_bf16")),
        ("bf16-mixed", "cpu", ARM.format("bf16 sve")),
        ("bf16-mixed", "cpu", "a system that describes its CPU in another way"),
    ],
)
def test_there_is_no_warning_otherwise(chosen, device, facts, cpu):
    cpu(facts)
    assert slow_precision(chosen, device) == ""


def test_there_is_no_warning_if_the_system_does_not_describe_its_cpu(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "CPU_FACTS", tmp_path / "nothing")
    assert slow_precision("bf16-mixed", "cpu") == ""
