"""The lines of the contract about copies, branches, banks and going back."""

from __future__ import annotations

import tempfile
from pathlib import Path

import torch

from genesis_state.bank import StateBank
from genesis_state.testing.contract import Contract, ContractError, rows_of


class _Interrupted(Exception):
    """Ends a branch in its middle."""


def copy(contract: Contract) -> None:
    """Copied environments go on as those they were copied from, and the others as they would."""
    run, n = contract.recording, contract.n_envs
    every = torch.arange(n)
    swapped = every.flip(0).roll(n // 3)  # every environment moves, and all at once
    spread = torch.where(every % 3 == 1, every, 0)  # one goes to many, among others that stay
    for scene in (contract.scene, contract.other):
        for how, origin, src, dst in (
            ("in another order", swapped, swapped, None),
            ("from one to many", spread, 0, every % 3 != 1),
        ):
            scene.reset(run.snapshot, params=True)
            scene.copy_envs(src, dst)
            wanted = run.snapshot[origin]
            contract.same("copy", f"right after a copy {how}", scene, wanted)
            if scene is contract.other:
                continue  # the bytes are the same, and so is what follows
            contract.run(scene, contract.after, origin)
            contract.same(
                "copy", f"{contract.after} steps after a copy {how}", scene, run.end[origin]
            )
        if scene.t != run.snapshot.t + (contract.after if scene is contract.scene else 0):
            raise ContractError(f"copy: it took scene.t to {scene.t}.")


def branch(contract: Contract) -> None:
    """Nothing that happens in a branch is there after it, whichever way it ends."""
    run, scene = contract.recording, contract.scene
    scene.reset(run.snapshot, params=True)
    for end in ("its end", "an exception"):
        try:
            with scene.branch():
                contract.run(scene, 2, contract.streams.roll(1))
                with scene.branch():
                    scene.reset(envs_idx=[0])
                    contract.run(scene, 1)
                scene.copy_envs(0, None)
                if end == "an exception":
                    raise _Interrupted
        except _Interrupted:
            pass
        contract.same("branch", f"after {end}", scene, run.snapshot)
        if scene.t != run.snapshot.t:
            raise ContractError(f"branch: after {end}, scene.t is {scene.t}, not {run.snapshot.t}.")
        contract.same_readings("branch", f"after {end}", scene)
    contract.run(scene, contract.after)
    contract.same("branch", f"{contract.after} steps on", scene, run.end)


def bank(contract: Contract) -> None:
    """States out of a bank, saved or not, go on as they did, and the others as they would."""
    run, n = contract.recording, contract.n_envs
    every = torch.arange(n)
    chosen = every % 3 != 1
    for scene in (contract.scene, contract.other):
        kept = StateBank(scene, n, seed=1, params=True)
        kept.add(run.later, weights=0.0)  # to be replaced
        kept.add(run.snapshot[every.flip(0)])
        env_of = {entry.id: n - 1 - entry.env for entry in kept.entries}
        with tempfile.TemporaryDirectory() as folder:
            kept.save(Path(folder, "bank.safetensors"))
            read = StateBank.load(scene, Path(folder, "bank.safetensors"))
        for which, source in (("a bank", kept), ("a bank that was read from a file", read)):
            scene.reset(run.end, params=True)
            entries = source.reset(scene, envs_idx=chosen)
            origin = every.clone()
            origin[chosen] = torch.tensor([env_of[entry] for entry in entries.tolist()])
            wanted = rows_of(chosen, run.snapshot[origin], run.end)
            contract.same("bank", f"right after a reset from {which}", scene, wanted)
            if not kept[entries].equal(run.snapshot[origin[chosen]]):
                raise ContractError(f"bank: what {which} says of its entries is not what it gave.")
            if scene.t != run.end.t:
                raise ContractError(f"bank: a reset from {which} took scene.t to {scene.t}.")
            if scene is contract.scene:
                contract.run(scene, contract.after, origin)
                wanted = rows_of(chosen, run.end[origin], run.later)
                contract.same(
                    "bank", f"{contract.after} steps after a reset from {which}", scene, wanted
                )


def rewind(contract: Contract) -> None:
    """A scene goes back and forth in its history, to the bit, and on from there."""
    run, scene = contract.recording, contract.scene
    scene.reset(run.start, params=True)
    history = scene.record(every=7)
    try:
        contract.run(scene, contract.before)
        scene.copy_envs(0, [contract.n_envs - 1])  # an edit, which no command can replay
        contract.run(scene, 3)
        edited = scene.get_state(params=True)
        scene.rewind(3)
        contract.same("rewind", "three steps back, before an edit", scene, run.snapshot)
        contract.same_readings("rewind", "three steps back", scene)
        scene.seek(run.snapshot.t + 3)
        contract.same("rewind", "forth again, past the edit", scene, edited)
        contract.same("rewind", "read at the start", history[0], run.start)
        contract.same("rewind", "after reading", scene, edited)
        scene.seek(run.snapshot.t)
        contract.run(scene, contract.after)
        contract.same("rewind", f"on from there for {contract.after} steps", scene, run.end)
        contract.same("rewind", "read in the new future", history[-1], run.end)
    finally:
        history.stop()
