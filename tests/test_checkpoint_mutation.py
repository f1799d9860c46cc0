"""Random damage to checkpoint files: refused in one sentence, or nothing that matters was hit."""

import random
import tracemalloc
from pathlib import Path

import pytest
from checkpoint_content import SUFFIXES, assert_same_checkpoint, save

from genesis_state.checkpoint import read


def mutated(data: bytes, others: list[bytes], random_: random.Random) -> bytes:
    """A copy with bits flipped, bytes changed, cut, doubled, moved, or taken from another file."""
    damaged = bytearray(data)
    for _ in range(random_.choice((1, 1, 1, 2, 5))):
        at = random_.randrange(max(1, len(damaged)))
        length = random_.choice((1, 2, 4, 8, 50, 300))
        kind = random_.randrange(8)
        if kind == 0:
            damaged = damaged[:at]
        elif kind == 1:
            del damaged[at : at + length]
        elif kind == 2:
            damaged[at:at] = damaged[at : at + length]
        elif kind == 3:
            other = random_.choice(others)
            start = random_.randrange(len(other))
            damaged[at : at + length] = other[start : start + length]
        elif kind == 4:
            damaged[at : at + length] = random_.choice((b"\0", b"\xff", b"9", b"[")) * length
        elif kind == 5:
            damaged += damaged[at : at + length]
        elif damaged:
            at = min(at, len(damaged) - 1)
            damaged[at] = damaged[at] ^ (1 << random_.randrange(8)) if kind == 6 else 0x80
    return bytes(damaged)


def check(suffix: str, count: int, seed: int, tmp_path: Path) -> None:
    path = tmp_path / f"a{suffix}"
    data = save(path)
    whole = read(path)
    others = [data, *(save(tmp_path / f"b{other}") for other in SUFFIXES)]
    random_ = random.Random(seed)
    refused = 0
    for case in range(count):
        damaged = mutated(data, others, random_)
        path.write_bytes(damaged)
        tracemalloc.start()
        try:
            found = read(path)
        except ValueError as error:
            refused += 1
            assert str(error).startswith(f"{path}: "), case
            assert len(str(error)) < len(str(path)) + 300, case
        else:
            assert_same_checkpoint(found, whole)
        finally:
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
        assert peak < 2 * len(damaged) + 2e6, case
    assert refused > 0.8 * count


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damage_is_refused_or_changes_nothing(suffix: str, tmp_path: Path) -> None:
    check(suffix, 300, 1, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_much_damage_is_refused_or_changes_nothing(suffix: str, tmp_path: Path) -> None:
    check(suffix, 5_000, 2, tmp_path)
