"""What a scene can be asked, and how two answers compare bit for bit."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import torch

if TYPE_CHECKING:
    from genesis_state.scene import Scene

Readings: TypeAlias = dict[str, torch.Tensor]


def public_getters(scene: Scene) -> Readings:
    """What every `get_…`, `touches` and `read` of what a scene has returns.

    That is its solvers, its entities with their links, joints and sites, and its sensors.

    A getter counts if it needs no argument and returns a tensor or several.
    """
    found: Readings = {"scene.envs_t": scene.envs_t}
    for name, owner in _owners(scene):
        for key in dir(type(owner)):
            asked = key.startswith("get_") or key in ("touches", "read")
            if not asked or not _needs_nothing(getattr(owner, key)):
                continue
            for suffix, value in _tensors(getattr(owner, key)()):
                found[f"{name}.{key}{suffix}"] = value.clone()
    return found


def _owners(scene: Scene) -> Iterator[tuple[str, Any]]:
    for solver in scene.solvers:
        yield f"{solver.alias()}_solver", solver
    for sensor in scene.sensors:
        yield f"sensors[{sensor.idx}]", sensor
    for entity in scene.entities:
        yield entity.name, entity
        for family in ("links", "joints", "sites"):
            for part in getattr(entity, family, ()):
                yield f"{entity.name}.{part.name}", part


def _needs_nothing(method: Any) -> bool:
    kinds = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    parameters = inspect.signature(method).parameters.values()
    return all(p.default is not p.empty or p.kind in kinds for p in parameters)


def _tensors(value: Any) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor):
        yield "", value
    elif isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, torch.Tensor):
                yield f"[{key!r}]", item
    elif isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            if isinstance(item, torch.Tensor):
                yield f"[{i}]", item


def readings_differences(wanted: Readings, found: Readings) -> list[str]:
    """One sentence for each reading that is not the same bit for bit."""
    if wanted.keys() != found.keys():
        return [f"the getters gave {sorted(found)} instead of {sorted(wanted)}."]
    differing = []
    for name, a in wanted.items():
        b = found[name]
        if (a.shape, a.dtype) != (b.shape, b.dtype):
            differing.append(
                f"{name} has shape {tuple(b.shape)} and dtype {b.dtype} "
                f"instead of {tuple(a.shape)} and {a.dtype}."
            )
        elif _bytes(a) != _bytes(b):
            gap = (a.double() - b.double()).abs().nan_to_num(torch.inf).max()
            differing.append(f"{name} differs by up to {gap:.6g}.")
    return differing


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()
