"""The directory of a run: where it is, who owns it, how it is found again.

A directory has one owner at a time: `owned` holds its lock. A new run takes a directory that holds no run yet; a run
that is gone on with keeps what it has until its state has loaded (`RunRecord` then writes).
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig, OmegaConf

from hairgan.locks import SILENCE, Lock, LockedError, acquire, holder
from hairgan.moved import with_current_names
from hairgan.weights.documents import expect_mapping, read_yaml
from hairgan.weights.files import archive_is_whole
from hairgan.weights.runs import BEST, CONFIG, FOLDER, by_step, check_networks, find_checkpoint, read_checkpoint
from lightning_modules.launch import processes, record, slurm
from lightning_modules.launch.quoting import quote_override
from lightning_modules.launch.record import AS_WRITTEN

if TYPE_CHECKING:
    from lightning_modules.launch.choice import Choice

LOCK = "lock"
FOLDERS = (FOLDER, "samples")
FILES = (CONFIG, AS_WRITTEN, record.RECORD, "metrics.csv", "curves.png")
TRACES = (*FILES, *FOLDERS)
"""What a run that has begun leaves in its directory."""
OF_A_START = (LOCK, "wandb", "tensorboard", "lightning_logs", "multirun.yaml", "*.out", "*.err", "*.log")
"""What may be in the directory of a new run, besides hidden files: of a start that failed, of a sweep, of a job."""
CHILD_VARIABLE = processes.CHILD_VARIABLE


@dataclass(frozen=True)
class Run:
    """A run directory that this run owns.

    Attributes:
        path: the directory.
        checkpoint: what to go on from; None from the first step.
        start: the steps that are done there.
        goes_on: whether the directory held this run before.
        lock: None in processes besides the first.
    """

    path: Path
    checkpoint: Path | None = None
    start: int = 0
    goes_on: bool = False
    lock: Lock | None = None


@contextlib.contextmanager
def owned(choice: Choice) -> Iterator[Run]:
    """Own the directory of the chosen run while the block runs; to be entered by all processes of the run.

    A directory made for a run that never began is deleted again.

    Raises:
        ValueError: the directory holds another run, or the run to go on with has no checkpoint that is whole.
        LockedError: another process owns it.
    """
    with contextlib.ExitStack() as stack:
        mine: list[Lock] = []  # in the first process
        run = processes.from_first(lambda: of_launching_process() or _own(choice, stack, mine))
        yield replace(run, lock=mine[0]) if mine else run


def _own(choice: Choice, stack: contextlib.ExitStack, mine: list[Lock]) -> Run:
    if choice.run is not None:
        mine.append(_lock(choice.run, patient=slurm.is_requeued()))
        stack.callback(mine[0].release)
        _check_contents(choice.run)
        checkpoint = _checkpoint(choice.run, choice.cfg.resume)
        if checkpoint:
            check_networks(OmegaConf.to_container(choice.cfg.model, resolve=True), checkpoint)  # type: ignore[arg-type]
        run = Run(choice.run, checkpoint, steps_of(checkpoint) if checkpoint else 0, goes_on=True)
    else:
        path, lock = _begin(choice, stack)
        mine.append(lock)
        run = Run(path)
    told = {"path": str(run.path), "checkpoint": str(run.checkpoint or ""), "start": run.start, "goes_on": run.goes_on}
    os.environ[CHILD_VARIABLE] = json.dumps(told)
    stack.callback(os.environ.pop, CHILD_VARIABLE, None)
    return run


def of_launching_process() -> Run | None:
    """The run of the process that launched this one (trainer=ddp without torchrun); None for a run's first process."""
    launched = int(os.environ.get("LOCAL_RANK", "0")) > 0 and not processes.launched_from_outside()
    if not launched or CHILD_VARIABLE not in os.environ:
        return None
    told = json.loads(os.environ[CHILD_VARIABLE])
    checkpoint = Path(told["checkpoint"]) if told["checkpoint"] else None
    return Run(Path(told["path"]), checkpoint, told["start"], told["goes_on"])


def _lock(run_dir: Path, patient: bool = False) -> Lock:
    what = f"the run directory {run_dir}"
    try:
        return acquire(run_dir / LOCK, what)
    except LockedError as error:
        if not patient:
            raise
        print(f"{error}; waiting, as a SLURM job that was queued again may follow itself on another node", flush=True)
    return acquire(run_dir / LOCK, what, patience=2 * SILENCE)


def _check_contents(run: Path) -> None:
    """Refuse a run directory in which something else stands where the run writes."""
    for names, is_kind, kind in ((FOLDERS, Path.is_dir, "folder"), (FILES, Path.is_file, "file")):
        for path in (run / name for name in names):
            if os.path.lexists(path) and not is_kind(path):
                raise ValueError(f"{path} must be a {kind}, into which the run writes: move away what is there")


def _checkpoint(run: Path, resume: str | None) -> Path | None:
    """The checkpoint to go on from, where one was ever saved."""
    if str(resume).endswith(".ckpt"):
        return find_checkpoint(run, str(resume))
    steps, best = by_step(run / FOLDER), run / FOLDER / BEST
    newest = int(steps[0].stem.removeprefix("step_")) if steps else 0
    if best.is_file() and _done(best) > newest and archive_is_whole(best):  # saved in between
        return best
    if not steps:
        print(f"the run in {run} has no checkpoint yet: it starts again from its first step")
        return None
    return find_checkpoint(run)


def _done(checkpoint: Path) -> int:
    try:
        return steps_of(checkpoint)
    except ValueError:  # damaged
        return -1


def steps_of(checkpoint: Path) -> int:
    """The steps that a checkpoint's run had done."""
    return read_checkpoint(checkpoint, mapped=True)[1]


def _begin(choice: Choice, stack: contextlib.ExitStack) -> tuple[Path, Lock]:
    """Take a directory for a new run: the one that was named, or one of its own at the run's place."""
    if choice.place is None:
        path = Path(choice.cfg.run_dir).absolute()
        return path, _take(path, stack)
    for attempt in range(1, 1000):
        path = choice.place if attempt == 1 else choice.place.with_name(f"{choice.place.name}_{attempt}")
        with contextlib.suppress(LockedError, HoldsARunError):
            return path, _take(path, stack)
    raise OSError(f"could not find a directory of its own for the run beside {choice.place}")


class HoldsARunError(ValueError):
    """A new run does not start where another one is, or files that are not a run's."""


def _take(path: Path, stack: contextlib.ExitStack) -> Lock:
    """Lock a directory that holds no run, made where there is none; one that was made and is empty at the end goes."""
    made = not path.exists()
    if path.exists() and not path.is_dir():
        raise ValueError(f"run_dir={path} is a file; a run needs a directory")
    if not any((path / trace).exists() for trace in TRACES):
        _insist_on_room(path)  # first, as a lock is a file too; where there is a run, its owner is named
    path.mkdir(parents=True, exist_ok=True)
    lock = _lock(path)
    try:
        _insist_on_room(path)
    except HoldsARunError:
        lock.release()
        raise
    if made:
        stack.callback(_remove_empty, path)
    stack.callback(lock.release)
    return lock


def _insist_on_room(path: Path) -> None:
    """Refuse a directory for a new run that holds more than `OF_A_START`."""
    found = sorted(each.name for each in path.iterdir()) if path.exists() else []
    held = [n for n in found if not n.startswith(".") and not any(fnmatch(n, pattern) for pattern in OF_A_START)]
    if CONFIG in held:
        raise HoldsARunError(
            f"{path} already holds a run. Continue it with {quote_override('resume', path)}, or give the new run "
            "another run_dir"
        )
    if held:
        more = f" and {len(held) - 3} more" if len(held) > 3 else ""
        raise HoldsARunError(
            f"{path} is not empty ({', '.join(held[:3])}{more}): a new run takes a directory that is new or empty; "
            "give another run_dir, or leave it out"
        )


def _remove_empty(path: Path) -> None:
    with contextlib.suppress(OSError):  # not empty: the run has begun
        path.rmdir()


# where runs are


def stamp() -> str:
    """The name of a run's directory: date and time."""
    return datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def named_after(place: Path) -> list[Path]:
    """The directories of the runs that shared a place, oldest first: `job_12`, `job_12_2`, ..."""
    pattern = re.compile(rf"{re.escape(place.name)}(?:_(\d+))?")
    found = {int(m[1] or 1): path for path in place.parent.glob("*") if (m := pattern.fullmatch(path.name))}
    return [found[number] for number in sorted(found)]


def newest(outputs: str | Path, name: str) -> Path | None:
    """The run of a name that began last; None where there is none.

    Raises:
        LockedError: one is about to begin, e.g. while its data is packed.
    """
    runs: dict[Path, float] = {}
    for path in (Path(outputs).absolute() / name).glob("*"):
        if (path / CONFIG).is_file():
            runs[path] = _began(path)
        elif holder(path / LOCK) is not None:
            runs[path] = (path / LOCK).stat().st_mtime
    run = max(runs, key=lambda path: (runs[path], path.name), default=None)
    if run is not None and not (run / CONFIG).is_file() and (owner := holder(run / LOCK)) is not None:
        raise LockedError(f"the newest run, in {run}, is being started by {owner}")
    return run


def _began(run: Path) -> float:
    for entry in record.read(run):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return datetime.datetime.fromisoformat(entry["started"]).timestamp()
    return (run / CONFIG).stat().st_mtime


def of_checkpoint(path: str | Path) -> Path:
    """The run directory of a checkpoint file, or the path itself where it is a run directory.

    Raises:
        ValueError: neither.
    """
    path = Path(path).absolute()
    run = path.parent.parent if path.suffix == ".ckpt" else path
    if not (run / CONFIG).is_file():
        raise ValueError(f"{path} is neither a run directory (with a {CONFIG}) nor a checkpoint in one")
    return run


def load_config(run_dir: str | Path) -> DictConfig:
    """The config with which a run was made, with the class names of today; values that refer to others still do."""
    run_dir = Path(run_dir)
    if not (run_dir / CONFIG).is_file():
        raise ValueError(f"{run_dir} is not a run directory: there is no {CONFIG} in it")
    file = run_dir / (AS_WRITTEN if (run_dir / AS_WRITTEN).is_file() else CONFIG)
    expect_mapping(read_yaml(file), str(file))  # which refuses what would be too large when it is loaded
    config = OmegaConf.create(with_current_names(OmegaConf.to_container(OmegaConf.load(file), resolve=False)))
    assert isinstance(config, DictConfig)
    return config
