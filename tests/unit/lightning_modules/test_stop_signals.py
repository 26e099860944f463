"""Signals that ask a run to stop."""

from __future__ import annotations

import os
import pty
import signal
import threading

import pytest

from lightning_modules import stop_signals
from lightning_modules.callbacks import Checkpoints
from lightning_modules.stop_signals import StoppedBySignal, StopSignals
from tests.unit.lightning_modules.two_networks import TwoNetworks, fit


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_after_a_signal_the_run_saves_and_exits_with_its_code(number, tmp_path):
    class Interrupted(TwoNetworks):
        def on_train_batch_start(self, batch, batch_idx):
            super().on_train_batch_start(batch, batch_idx)
            if self.steps_done == 1:
                signal.raise_signal(number)

    module, checkpoints = Interrupted(), Checkpoints(100)
    before = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
    outside = signal.signal(number, before)
    try:
        fit(module, steps=5, tmp_path=tmp_path, callbacks=[checkpoints])
        assert signal.getsignal(number) == before
    finally:
        signal.signal(number, outside)
    assert module.steps_done == 2
    assert [path.name for path in (tmp_path / "checkpoints").iterdir()] == ["step_00000002.ckpt"]
    with pytest.raises(StoppedBySignal) as stopped:
        checkpoints.stop_signals.raise_for_code()
    assert stopped.value.code == 128 + number


def test_a_signal_that_nohup_ignores_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signals = StopSignals()
    try:
        signals.listen()
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signals.restore()
        signal.signal(signal.SIGHUP, before)


def test_training_works_in_another_thread(tmp_path):
    module = TwoNetworks()
    thread = threading.Thread(target=lambda: fit(module, tmp_path=tmp_path, callbacks=[Checkpoints(100)]))
    thread.start()
    thread.join()
    assert module.steps_done == 3


def test_writing_works_after_the_terminal_was_closed():
    terminal, line = pty.openpty()
    kept = os.dup(2)
    try:
        os.dup2(line, 2)
        os.close(line)
        os.close(terminal)
        with pytest.raises(OSError):
            os.write(2, b"gone")
        stop_signals._write(2, "SIGHUP\n")
        assert os.write(2, b"still here") == 10
    finally:
        os.dup2(kept, 2)
        os.close(kept)
