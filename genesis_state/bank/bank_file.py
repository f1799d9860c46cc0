"""Banks in checkpoint files.

The arrays are those of a checkpoint, a row for each entry in the order of places, and beside them
"StateBank.id" and the like. All else is in the manifest under "state_bank".
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from genesis_state import checkpoint
from genesis_state.bank.policies import POLICIES
from genesis_state.bank.table import blocks
from genesis_state.checkpoint import Stored
from genesis_state.checkpoint.background import settle
from genesis_state.checkpoint.content import MAX_VALUES, plain, plain_metadata
from genesis_state.state import SimState
from genesis_state.state_file import array_differences, read_keys, saved_envs, saved_layout

if TYPE_CHECKING:
    from genesis_state.bank.state_bank import StateBank
    from genesis_state.scene import Scene

OWNER = "StateBank"
COLUMNS = {"id": "int64", "serial": "int64", "t": "int64", "env": "int64", "weight": "float64"}
COUNTS = {"capacity": 1, "offered": 0, "cleared": 0, "drawn": 0, "generation": 0}
"""Whole numbers in the manifest and the least that each may be."""


def save(bank: StateBank, path: str | os.PathLike[str], metadata: Mapping[str, Any] | None) -> None:
    """What `StateBank.save` does; see there."""
    checkpoint.require_suffix(path)
    table, n = bank._table, len(bank)
    # By what they are as text: 1, True and 1.0 are equal.
    texts = [json.dumps(tag, sort_keys=True) for tag in table.tag[:n].tolist()]
    number = {text: index for index, text in enumerate(dict.fromkeys(texts))}
    said = {
        "capacity": bank.capacity,
        "policy": bank.policy,
        "seed": bank.seed,
        "params": bank.params,
        "offered": bank._offered,
        "cleared": bank._cleared,
        "drawn": bank._drawn,
        "generation": table.generation,
        "tags": plain([json.loads(text) for text in number], "tags", budget=MAX_VALUES),
    }
    arrays = table.filled().views()
    for name in COLUMNS:
        arrays[f"{OWNER}.{name}"] = getattr(table, name)[:n].cpu().numpy()
    arrays[f"{OWNER}.tag"] = np.array([number[text] for text in texts], dtype=np.int64)
    manifest = {
        "layout": bank.layout.to_dict(),
        "parameters": bank.params,
        "state_bank": said,
        "metadata": plain_metadata(metadata),
    }
    settle(path)
    checkpoint.write(path, arrays, step_index=int(max(table.t[:n], default=0)), manifest=manifest)


def load(kind: type[StateBank], scene: Scene, path: str | os.PathLike[str]) -> StateBank:
    """What `StateBank.load` does; see there."""
    scene._require_built()
    settle(path)
    with checkpoint.open(path) as stored:
        said = _said(stored)
        layout = saved_layout(stored)
        if layout is None:
            raise ValueError(f"{path}: has no layout in its manifest; take another copy.")
        differences = scene.layout.differences(layout, "this scene", "the bank")
        if differences:
            raise ValueError(f"{path} is a bank of another scene:\n  " + "\n  ".join(differences))
        bank = kind(scene, said["capacity"], said["policy"], said["seed"], said["params"])
        bank._offered, bank._cleared = said["offered"], said["cleared"]
        bank._drawn = said["drawn"]
        _fill(bank, stored, said)
        return bank


def _said(stored: Stored) -> dict[str, Any]:
    """What the manifest says of the bank, checked."""
    said = stored.manifest.get("state_bank")
    if not isinstance(said, dict):
        raise ValueError(f"{stored.path}: holds no bank; name a file that StateBank.save wrote.")
    kinds = {"policy": str, "seed": int, "params": bool, "tags": list, **dict.fromkeys(COUNTS, int)}
    good = all(type(said.get(key)) is kind for key, kind in kinds.items())
    good = good and all(said[key] >= least for key, least in COUNTS.items())
    if not (good and said["policy"] in POLICIES and said["cleared"] <= said["offered"]):
        raise ValueError(f"{stored.path}: what it says of the bank is damaged; take another copy.")
    return said


def _fill(bank: StateBank, stored: Stored, said: Mapping[str, Any]) -> None:
    """Reads the entries into an empty bank."""
    table, layout = bank._table, bank.layout
    columns = {**COLUMNS, "tag": "int64"}
    beside = [f"{OWNER}.{name}" for name in columns]
    problems = array_differences(stored, layout, params=bank.params, beside=beside)
    n = saved_envs(stored)
    for name, dtype in columns.items():
        info = stored.infos.get(f"{OWNER}.{name}")
        if info is None or info.dtype.name != dtype or info.shape != (n,):
            problems.append(f"{OWNER}.{name} needs shape {(n,)} and dtype {dtype}.")
    if n != min(bank._offered - bank._cleared, bank.capacity):
        problems.append(f"it has {n} entries, which is not how many it was given.")
    if problems:
        raise ValueError(f"{stored.path} does not hold what it says:\n  " + "\n  ".join(problems))
    found = {name: stored.array(f"{OWNER}.{name}") for name in columns}
    whose, tags = found["id"], said["tags"]
    weight = found["weight"]
    if not (
        np.array_equal(whose % bank.capacity, np.arange(n))
        and (whose >= said["generation"] * bank.capacity).all()
        and ((found["tag"] >= 0) & (found["tag"] < len(tags))).all()
        and ((weight >= 0) & (weight < np.inf)).all()
    ):
        raise ValueError(f"{stored.path}: its entries are damaged; take another copy.")
    table.begin(said["generation"])
    table.n = n
    filled = table.filled()
    state = SimState.empty(layout, n, params=bank.params) if filled.device.type != "cpu" else filled
    read_keys(stored, state, state.keys(), None)
    state.clear_padding()
    for mine, read in zip(blocks(filled), blocks(state), strict=True):
        if mine is not read:
            mine.copy_(read)
    table.checksum[:n] = filled.checksum()
    for name in COLUMNS:
        getattr(table, name)[:n] = torch.from_numpy(found[name])
    table.tag[:n] = np.fromiter((tags[k] for k in found["tag"].tolist()), object, n)
