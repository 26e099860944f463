"""The known-good set (`constraints.txt`) covers everything that can be installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def pins(text: str) -> dict[str, str]:
    found = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", text, flags=re.MULTILINE)
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found}


def test_every_extra_resolves_to_the_known_good_set() -> None:
    """Resolves all extras without installing anything; needs uv and a package index."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("needs uv: pip install uv")
    command = [uv, "pip", "compile", "pyproject.toml", "--all-extras", "-c", "constraints.txt", "--no-annotate", "-q"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    if done.returncode and re.search(r"fetch|connect|dns|network|offline", done.stderr, flags=re.IGNORECASE):
        pytest.skip("needs a package index")
    assert done.returncode == 0, done.stderr
    known, resolved = pins((ROOT / "constraints.txt").read_text()), pins(done.stdout)
    assert len(resolved) > 100
    assert {name: version for name, version in resolved.items() if known.get(name) != version} == {}
