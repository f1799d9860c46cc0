"""Both transports move every kind of variable, on the CPU; for Vulkan see test_vulkan.py."""

from collections.abc import Iterator

import every_kind
import pytest

import genesis_state as gs


@pytest.fixture(scope="module", params=["32", "64"])
def precision(request: pytest.FixtureRequest) -> Iterator[str]:
    gs.init(precision=request.param)
    yield request.param
    gs.destroy()


@pytest.mark.parametrize("transport", ["zero_copy", "kernel"])
@pytest.mark.parametrize("schema", every_kind.SCHEMAS)
def test_rows_go_where_they_belong(precision: str, schema: str, transport: str) -> None:
    every_kind.check_schema(schema, transport)
