"""Both transports move every kind of variable, on the CPU; for Vulkan see test_vulkan.py."""

from collections.abc import Iterator

import every_kind
import pytest

import genesis_state as gs
from genesis_state import transport


@pytest.fixture(scope="module", params=["32", "64"])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    gs.init(precision=request.param)
    yield request.param
    gs.destroy()


@pytest.mark.parametrize("kind", ["zero_copy", "kernel"])
@pytest.mark.parametrize("schema", every_kind.SCHEMAS)
def test_rows_go_where_they_belong(precision: str, schema: str, kind: str) -> None:
    every_kind.check_schema(schema, kind)


@pytest.mark.parametrize("schema", every_kind.SCHEMAS)
def test_many_bytes_go_where_they_belong(
    precision: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "PARALLEL_BYTES", 0)
    every_kind.check_schema(schema, "zero_copy")
