"""The directory of a run: making and finding it, and locking it for one process.

A directory has one owner at a time: `own_run_directory` holds its lock. A new run takes a directory that holds no run
yet. A continued run changes nothing in its directory before its state has loaded (`RunRecord` then writes).
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatch
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from hairgan.locks import SILENCE, Lock, LockedError, acquire, holder
from hairgan.moved import with_current_names
from hairgan.weights.documents import expect_mapping, read_yaml
from hairgan.weights.files import archive_is_whole
from hairgan.weights.runs import BEST, CONFIG, FOLDER, by_step, check_networks, find_checkpoint, read_checkpoint
from lightning_modules.launch import processes, record, slurm
from lightning_modules.launch.folders import numbered
from lightning_modules.launch.quoting import quote_override
from lightning_modules.launch.record import AS_WRITTEN

LOCK = "lock"
FOLDERS = (FOLDER, "samples")
FILES = (CONFIG, AS_WRITTEN, record.RECORD, "metrics.csv", "curves.png")
TRACES = (*FILES, *FOLDERS)
"""What a run writes into its directory."""
IGNORED = (LOCK, "wandb", "tensorboard", "lightning_logs", "multirun.yaml", "*.out", "*.err", "*.log")
"""What the directory of a new run may hold, besides hidden files: left by a failed start, a sweep or a SLURM job."""
CHILD_VARIABLE = processes.CHILD_VARIABLE


@dataclass(frozen=True)
class Choice:
    """Which run a command line means (`launch.choice.choose_run`).

    Attributes:
        cfg: its config.
        run: the directory of the run to continue; None for a new run.
        new_path: directory of a new run; a number is added if it is taken. None: `cfg.run_dir`, without a number.
        fingerprint: of the config as given, before values were filled in.
    """

    cfg: DictConfig
    run: Path | None
    new_path: Path | None
    fingerprint: str


@dataclass(frozen=True)
class Run:
    """A run directory that this process owns.

    Attributes:
        path: the directory.
        checkpoint: the one to continue from; None to start from the first step.
        start: the step of that checkpoint, 0 without one.
        continues: whether the directory already held this run.
        lock: the lock in the first process; None in the others.
    """

    path: Path
    checkpoint: Path | None = None
    start: int = 0
    continues: bool = False
    lock: Lock | None = None


@contextlib.contextmanager
def own_run_directory(choice: Choice) -> Iterator[Run]:
    """Own the directory of the chosen run within a `with` block, which all processes of the run enter.

    A directory that was made for a run that never started is deleted again.

    Raises:
        ValueError: the directory holds another run, or the run to continue has no checkpoint that is whole.
        LockedError: another process owns the directory.
    """
    with contextlib.ExitStack() as stack:
        locks: list[Lock] = []  # one in the first process, none in the others
        run = processes.from_first_process(lambda: run_of_launching_process() or _own(choice, stack, locks))
        yield replace(run, lock=locks[0]) if locks else run


def _own(choice: Choice, stack: contextlib.ExitStack, locks: list[Lock]) -> Run:
    if choice.run is not None:
        locks.append(_lock(choice.run, wait=slurm.is_requeued()))
        stack.callback(locks[0].release)
        _check_contents(choice.run)
        checkpoint = _checkpoint(choice.run, choice.cfg.resume)
        if checkpoint:
            check_networks(OmegaConf.to_container(choice.cfg.model, resolve=True), checkpoint)  # type: ignore[arg-type]
        run = Run(choice.run, checkpoint, steps_of(checkpoint) if checkpoint else 0, continues=True)
    else:
        path, lock = _make_directory(choice, stack)
        locks.append(lock)
        run = Run(path)
    values = asdict(replace(run, lock=None)) | {"path": str(run.path), "checkpoint": str(run.checkpoint or "")}
    os.environ[CHILD_VARIABLE] = json.dumps(values)
    stack.callback(os.environ.pop, CHILD_VARIABLE, None)
    return run


def run_of_launching_process() -> Run | None:
    """The run of the process that launched this one (trainer=ddp without torchrun); None in a run's first process."""
    if not processes.launched_by_first() or CHILD_VARIABLE not in os.environ:
        return None
    values = json.loads(os.environ[CHILD_VARIABLE])
    checkpoint = Path(values["checkpoint"]) if values["checkpoint"] else None
    return Run(Path(values["path"]), checkpoint, values["start"], values["continues"])


def _lock(run_dir: Path, wait: bool = False) -> Lock:
    what = f"the run directory {run_dir}"
    try:
        return acquire(run_dir / LOCK, what)
    except LockedError as error:
        if not wait:
            raise
        print(
            f"{error}; waiting, because a SLURM job that is queued again may still be ending on another node",
            flush=True,
        )
    return acquire(run_dir / LOCK, what, patience=2 * SILENCE)


def _check_contents(run: Path) -> None:
    """Refuse a run directory with a file where the run needs a folder, or the other way round."""
    for names, is_kind, kind in ((FOLDERS, Path.is_dir, "folder"), (FILES, Path.is_file, "file")):
        for path in (run / name for name in names):
            if os.path.lexists(path) and not is_kind(path):
                raise ValueError(f"{path} must be a {kind}, because the run writes there: move it away")


def _checkpoint(run: Path, resume: str | None) -> Path | None:
    """The checkpoint to continue from; None if none was saved."""
    if str(resume).endswith(".ckpt"):
        return find_checkpoint(run, str(resume))
    saved, best = by_step(run / FOLDER), run / FOLDER / BEST
    newest = int(saved[0].stem.removeprefix("step_")) if saved else 0
    # the best checkpoint can be newer than the newest regular one
    if best.is_file() and _steps_or_minus_one(best) > newest and archive_is_whole(best):
        return best
    if not saved:
        print(f"the run in {run} has no checkpoint yet, so it starts from its first step")
        return None
    return find_checkpoint(run)


def _steps_or_minus_one(checkpoint: Path) -> int:
    try:
        return steps_of(checkpoint)
    except ValueError:  # damaged
        return -1


def steps_of(checkpoint: Path) -> int:
    """The number of steps that a run had done when it saved a checkpoint."""
    return read_checkpoint(checkpoint, mapped=True)[1]


def _make_directory(choice: Choice, stack: contextlib.ExitStack) -> tuple[Path, Lock]:
    """Make and lock the directory of a new run: `run_dir` if it is set, otherwise the first free one."""
    if choice.new_path is None:
        path = Path(choice.cfg.run_dir).absolute()
        return path, _claim(path, stack)
    for path in numbered(choice.new_path):
        with contextlib.suppress(LockedError, NotEmptyError):
            return path, _claim(path, stack)
    raise AssertionError("there is always another number")


class NotEmptyError(ValueError):
    """A new run does not start in a directory that holds another run or other files."""


def _claim(path: Path, stack: contextlib.ExitStack) -> Lock:
    """Make and lock a directory for a new run. If it is new and still empty at the end, it is deleted."""
    made = not path.exists()
    if path.exists() and not path.is_dir():
        raise ValueError(f"run_dir={path} is a file; it must be a folder")
    if not any((path / trace).exists() for trace in TRACES):
        _check_empty(path)  # before the lock is written; if there is a run, the lock is tried first, to name its owner
    path.mkdir(parents=True, exist_ok=True)
    lock = _lock(path)
    try:
        _check_empty(path)
    except NotEmptyError:
        lock.release()
        raise
    if made:
        stack.callback(_remove_empty, path)
    stack.callback(lock.release)
    return lock


def _check_empty(path: Path) -> None:
    """Refuse a directory for a new run that holds anything besides `IGNORED`."""
    found = sorted(each.name for each in path.iterdir()) if path.exists() else []
    kept = [name for name in found if not name.startswith(".") and not any(fnmatch(name, each) for each in IGNORED)]
    if CONFIG in kept:
        raise NotEmptyError(
            f"{path} already holds a run. Continue it with {quote_override('resume', path)}, or give the new run "
            "another run_dir"
        )
    if kept:
        more = f" and {len(kept) - 3} more" if len(kept) > 3 else ""
        raise NotEmptyError(
            f"{path} is not empty ({', '.join(kept[:3])}{more}): a new run needs a new or empty directory; "
            "give another run_dir, or leave it out"
        )


def _remove_empty(path: Path) -> None:
    with contextlib.suppress(OSError):  # not empty: the run has started
        path.rmdir()


# finding runs


def timestamp() -> str:
    """Date and time, as the name of a run directory."""
    return datetime.datetime.now().strftime("%Y-%m-%d_%H-%M-%S")


def numbered_runs(first: Path) -> list[Path]:
    """The run directories of the same name with and without a number, oldest first: `job_12`, `job_12_2`, ..."""
    pattern = re.compile(rf"{re.escape(first.name)}(?:_(\d+))?")
    found = {int(m[1] or 1): path for path in first.parent.glob("*") if (m := pattern.fullmatch(path.name))}
    return [found[number] for number in sorted(found)]


def newest_run(outputs: str | Path, name: str) -> Path | None:
    """The run of a name that started last; None if there is none.

    Raises:
        LockedError: one is about to start, e.g. while its data is packed.
    """
    runs: dict[Path, float] = {}
    for path in (Path(outputs).absolute() / name).glob("*"):
        if (path / CONFIG).is_file():
            runs[path] = _start_time(path)
        elif holder(path / LOCK) is not None:
            runs[path] = (path / LOCK).stat().st_mtime
    run = max(runs, key=lambda path: (runs[path], path.name), default=None)
    if run is not None and not (run / CONFIG).is_file() and (owner := holder(run / LOCK)) is not None:
        raise LockedError(f"the newest run, in {run}, is being started by {owner}")
    return run


def _start_time(run: Path) -> float:
    for entry in record.read(run):
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return datetime.datetime.fromisoformat(entry["started"]).timestamp()
    return (run / CONFIG).stat().st_mtime


def find_run(path: str | Path) -> Path:
    """The run directory that a path names, either itself or by a checkpoint in it.

    Raises:
        ValueError: it is neither a run directory nor a checkpoint in one.
    """
    path = Path(path).absolute()
    run = path.parent.parent if path.suffix == ".ckpt" else path
    if not (run / CONFIG).is_file():
        raise ValueError(f"{path} is neither a run directory (with a {CONFIG}) nor a checkpoint in one")
    return run


def load_config(run_dir: str | Path) -> DictConfig:
    """The config of a run with current class names and with references unresolved."""
    run_dir = Path(run_dir)
    if not (run_dir / CONFIG).is_file():
        raise ValueError(f"{run_dir} is not a run directory: it has no {CONFIG}")
    file = run_dir / (AS_WRITTEN if (run_dir / AS_WRITTEN).is_file() else CONFIG)
    expect_mapping(read_yaml(file), str(file))  # refuses a file that would grow too large when loaded
    config = OmegaConf.create(with_current_names(OmegaConf.to_container(OmegaConf.load(file), resolve=False)))
    assert isinstance(config, DictConfig)
    return config
