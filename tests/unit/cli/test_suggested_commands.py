"""Printed commands are right when they are pasted."""

from pathlib import Path

import pytest

from hairgan.cli.suggested_commands import prepare_command, train_command


@pytest.mark.parametrize(("size", "packed"), [(32, 32), (100, 64), (256, 256), (512, 256)])
def test_photos_are_packed_at_a_size_they_have(size: int, packed: int) -> None:
    assert prepare_command(Path("my photos"), size) == f"hairgan prepare 'my photos' --size {packed}"


def test_training_reads_what_was_packed() -> None:
    command = train_command(Path("/data/faces"), 64, has_labels=True)
    assert command == "python train.py model=stargan data=celeba_hq data.root=/data/faces image_size=64"
    command = train_command(Path("/data/a b"), 256, has_labels=False)
    assert command.endswith("""data=image_folder 'data.root='"'"'/data/a b'"'"'' model.generator.w_hpf=0""")
    command = train_command("s3://photos/faces", 64, has_labels=True, streamed=True)
    assert command.endswith("data=streaming data.root=s3://photos/faces image_size=64")
    command = train_command("shards", 256, has_labels=False, streamed=True)
    assert f"data=streaming data.root={Path.cwd()}/shards data.domains=null model.generator.w_hpf=0" in command
