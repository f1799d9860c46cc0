"""A disk that is full: one clear error, the old file as it was, nothing else in the folder."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from checkpoint_content import SUFFIXES
from checkpoint_process import run
from checkpoint_source import assert_exact

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs resource limits")

SMALL, LARGE = 1 << 12, 1 << 19  # files of 40 kB and of 5 MB

# Saves a small file, then a large one that does not fit, then a small one again.
CODE = """
    import os, resource, signal, sys
    from pathlib import Path
    from checkpoint_source import Source, assert_exact
    from genesis_state.checkpoint import Directory, flush
    folder, suffix, mode, limit, small, large = sys.argv[1:]
    folder, small, large = Path(folder), int(small), int(large)
    directory = Directory(folder, keep_last=1, suffix=suffix)

    def save(t, size):
        source = Source(t=t, size=size)
        if mode.startswith("directory"):
            return directory.save(source, block=mode == "directory", step=t)
        return source.save_checkpoint(folder / f"a{suffix}", block=mode == "foreground")

    save(1, small)
    flush()
    old = new = folder / f"a{suffix}"
    if "directory" in mode:
        old, new = (folder / f"step_{t:012d}{suffix}" for t in (1, 2))
    assert os.listdir(folder) == [old.name], os.listdir(folder)
    if limit == "rlimit":
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        why = "File too large"
    else:
        why = "No space left on device"
    try:
        saving = save(2, large)
        assert saving is not None, "there was room"
        error = saving.exception()
        assert error is not None, "there was room"
    except OSError as caught:
        error = caught
    text = f"nothing was saved and what stood there is as it was: {why}: '{new}'"
    assert str(error) == f"[Errno {error.errno}] {text}", str(error)
    flush()
    assert os.listdir(folder) == [old.name], os.listdir(folder)
    assert assert_exact(old, small) == 1
    if "directory" in mode:
        assert directory.latest() == old
    save(3, small)
    flush()
    assert len(os.listdir(folder)) == 1
    assert assert_exact(next(folder.iterdir()), small) == 3
"""
MODES = ("foreground", "background", "directory", "directory in the background")


@pytest.fixture(scope="module")
def small_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A disk of 1 MB."""
    folder = tmp_path_factory.mktemp("disk")
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    command = [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_that_may_not_grow_is_not_saved(suffix: str, mode: str, tmp_path: Path) -> None:
    ended = run(CODE, tmp_path, suffix, mode, "rlimit", SMALL, LARGE)
    assert ended.returncode == 0, ended.stderr
    assert assert_exact(next(tmp_path.iterdir()), SMALL) == 3


@pytest.mark.parametrize("mode", MODES)
def test_a_full_disk_keeps_the_old_file(mode: str, small_disk: Path) -> None:
    folder = small_disk / "runs"
    folder.mkdir()
    ended = run(CODE, folder, ".safetensors", mode, "disk", SMALL, LARGE)
    shutil.rmtree(folder)
    assert ended.returncode == 0, ended.stderr


def test_leftovers_on_a_full_disk_make_room_for_the_next_save(small_disk: Path) -> None:
    folder = small_disk / "runs"
    folder.mkdir()
    (folder / f".step_{9:012d}.npz.0123456789abcdef.tmp").write_bytes(bytes(1_000_000))
    code = """
        import sys
        from checkpoint_source import Source
        from genesis_state.checkpoint import Directory
        Directory(sys.argv[1], suffix=".npz").save(Source(t=10))
    """
    ended = run(code, folder)
    names = os.listdir(folder)
    shutil.rmtree(folder)
    assert ended.returncode == 0, ended.stderr
    assert names == [f"step_{10:012d}.npz"]
