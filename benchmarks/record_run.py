"""Add a finished training to the recipes: its command, hardware, speed, memory and metrics.

    python benchmarks/record_run.py outputs/quickstart/DATE_TIME --note "the README's first command" --memory

appends to docs/recorded_runs.json, from which the site makes the page of recipes. Command, hardware and git revision
are those in RUN/run.yaml; speed is the median of `throughput/seconds_per_step` in RUN/metrics.csv after the first tenth
of the run; metrics are the last ones in that file, and those of RUN/evaluation/metrics.json under the name of their
split. `--memory` repeats the first steps on this machine (`train.py reproduce=RUN dry_run=true`) and records the peak.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

import click
import yaml

from hairgan.curves import read_curves
from hairgan.weights import runs
from lightning_modules.launch import record
from lightning_modules.launch.quoting import quote_override

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "docs" / "recorded_runs.json"


def of_run(run: Path) -> dict[str, Any]:
    """What a run directory says about its training.

    Raises:
        ValueError: the folder holds no run, or its training has not ended.
    """
    starts = record.read(run)
    if not starts or not (run / "config.yaml").is_file() or not (run / "metrics.csv").is_file():
        raise ValueError(f"{run} is no run directory with run.yaml, config.yaml and metrics.csv")
    config = yaml.safe_load((run / "config.yaml").read_text())
    rows = read_curves(run / "metrics.csv")
    newest = runs.by_step(run / runs.FOLDER)[:1]
    done = max([0, *(row["step"] for row in rows[-1:]), *(int(path.stem.removeprefix("step_")) for path in newest)])
    if done < config["steps"]:
        raise ValueError(f"{run} has done {done} of its {config['steps']} steps: record it when it has ended")
    speeds = [row["throughput/seconds_per_step"] for row in rows if "throughput/seconds_per_step" in row]
    settled = speeds[len(speeds) // 10 :]
    return {
        "name": config["name"],
        "command": command(starts[0]["command"]),
        "data": str(config["data"]["_target_"]).rpartition(".")[2].removesuffix("DataModule"),
        "image_size": config["image_size"],
        "steps": config["steps"],
        "batch_size": config["batch_size"],
        "precision": config["trainer"]["precision"],
        "hardware": hardware(starts[0]["hardware"]),
        "seconds_per_step": median(settled) if settled else None,
        "memory_gib": None,
        "hours": None,
        "metrics": last_metrics(rows) | evaluated(run),
        "date": str(starts[0]["started"])[:10],
        "revision": str(starts[0]["git"].get("revision") or "")[:10] or None,
    }


def command(recorded: str) -> str:
    """The command of a run as one types it: without the path of the program, and without paths of this machine."""
    program, *words = shlex.split(recorded)
    start = ["hairgan"] if Path(program).name == "hairgan" else ["python", Path(program).name]
    return shlex.join([*start, *(word for word in words if not re.match(r"(paths\.|run_dir=)", word))])


def hardware(facts: dict[str, Any]) -> str:
    """The device of a run in words."""
    gpus = facts.get("gpus") or []
    return f"{len(gpus)} x {gpus[0]}" if gpus else f"{facts.get('cores')} cores ({facts.get('cpu')})"


def last_metrics(rows: list[dict[str, float]]) -> dict[str, float]:
    """The last value of every measurement."""
    found: dict[str, float] = {}
    for row in rows:
        found |= {
            name: value
            for name, value in row.items()
            if name.startswith(("val/", "metrics/")) and not name.endswith("/seconds")
        }
    means = [name for name in found if name.endswith("/mean") or name.count("/") == 1]
    return {name: found[name] for name in sorted(means)}


def evaluated(run: Path) -> dict[str, float]:
    """The main numbers of `evaluate.py`, if it was run."""
    path = run / "evaluation" / "metrics.json"
    if not path.is_file():
        return {}
    result = json.loads(path.read_text())
    split = result.get("protocol", {}).get("split", "evaluated")
    values: dict[str, float] = result["values"]
    return {f"{split}: {name}": values[name] for name in result.get("headline", values) if name in values}


def peak_memory(run: Path) -> float:
    """GiB of the run's first steps on this machine, per process."""
    words = [quote_override("reproduce", str(run)), "dry_run=true"]
    done = subprocess.run([sys.executable, "train.py", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    found = re.search(r"^  memory   ([\d.]+) GiB", done.stdout, re.MULTILINE)
    if found is None:
        raise ValueError(f"the dry run failed: {(done.stderr or done.stdout).strip()[-500:]}")
    return float(found.group(1))


@click.command()
@click.argument("run", type=click.Path(path_type=Path, exists=True))
@click.option("--name", help="Of the recipe; by default the run's.")
@click.option("--note", default="", help="One sentence about the run.")
@click.option("--hours", type=float, help="Of the whole training, if you timed it.")
@click.option("--memory", is_flag=True, help="Measure the memory of the first steps on this machine.")
def main(run: Path, name: str | None, note: str, hours: float | None, memory: bool) -> None:
    """Add the training in the directory RUN to docs/recorded_runs.json."""
    try:
        entry = of_run(run) | {"note": note, "hours": hours}
        if memory:
            entry["memory_gib"] = peak_memory(run)
    except (ValueError, OSError) as error:
        sys.exit(f"record_run.py: {error}")
    entry["name"] = name or entry["name"]
    records = [old for old in json.loads(RECORDS.read_text()) if old["name"] != entry["name"]]
    RECORDS.write_text(json.dumps([*records, entry], indent=2, ensure_ascii=False) + "\n")
    print(f"{entry['name']}: {entry['command']}")


if __name__ == "__main__":
    main()
