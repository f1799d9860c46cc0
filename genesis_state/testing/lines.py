"""The lines of the contract that one process can check."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from genesis_state.testing.contract import Contract, ContractError, poison_scratch, rows_of

if TYPE_CHECKING:
    from genesis_state.scene import Scene


def resume(contract: Contract) -> None:
    """A scene that is put back to a snapshot goes on as it did."""
    run, scene = contract.recording, contract.scene
    _require_life(contract)
    scene.reset(state=run.snapshot, params=True)
    contract.same("resume", "right after the restore", scene, run.snapshot)
    contract.run(scene, contract.after)
    contract.same("resume", f"{contract.after} steps on", scene, run.end)
    if scene.t != run.end.t:
        raise ContractError(f"resume: scene.t is {scene.t}, was {run.end.t}.")


def poison(contract: Contract) -> None:
    """A fresh scene whose scratch memory holds garbage goes on from a snapshot all the same."""
    run = contract.recording
    for scene in (contract.other, contract.scene):
        was = scene.get_state(params=True)
        poison_scratch(scene)
        contract.same("poison", "right after poisoning what is not state", scene, was)
        scene.reset(state=run.snapshot, params=True)
        contract.run(scene, contract.after, poisoned=True)
        contract.same("poison", f"{contract.after} steps on", scene, run.end)


def history(contract: Contract) -> None:
    """What a scene did before it is put back does not matter."""
    run, scene = contract.recording, contract.scene
    for steps, streams in ((1, contract.streams), (contract.before + 3, contract.streams.roll(1))):
        scene.reset()
        contract.run(scene, steps, streams)
        scene.reset(envs_idx=[0])
        contract.run(scene, 1, streams)
        scene.reset(state=run.snapshot, params=True)
        contract.run(scene, contract.after)
        contract.same("history", f"after {steps + 1} other steps in between", scene, run.end)


def isolation(contract: Contract) -> None:
    """Resetting some environments leaves the others alone, and replays the past of those."""
    run, scene = contract.recording, contract.scene
    chosen = torch.zeros(contract.n_envs, dtype=torch.bool)
    chosen[::2] = True
    backwards = chosen.nonzero().squeeze(1).flip(0)
    for how, state, envs_idx in (
        ("a mask", run.snapshot, chosen),
        ("a list", run.snapshot[backwards], backwards.tolist()),
    ):
        scene.reset(state=run.end, params=True)
        scene.reset(state=state, envs_idx=envs_idx, params=True)
        mixed = rows_of(chosen, run.snapshot, run.end)
        contract.same("isolation", f"right after a reset by {how}", scene, mixed)
        if scene.t != run.end.t:
            raise ContractError(f"isolation: a masked reset took scene.t to {scene.t}.")
        contract.run(scene, contract.after)
        mixed = rows_of(chosen, run.end, run.later)
        contract.same("isolation", f"{contract.after} steps after a reset by {how}", scene, mixed)


def permutation(contract: Contract) -> None:
    """It does not matter which environment is which."""
    run, scene = contract.recording, contract.scene
    order = contract.streams.flip(0).roll(contract.n_envs // 3)
    scene.reset(state=run.snapshot[order], params=True)
    contract.run(scene, contract.after, order)
    found = scene.get_state(params=True)[order.argsort()]
    contract.same("permutation", "with the environments in another order", found, run.end)


def batch(contract: Contract) -> None:
    """An environment is the same alone as among others, from its start on."""
    run, scene, n = contract.recording, contract.alone, contract.n_envs
    for env in sorted({0, n // 2, n - 1}):
        scene.reset()
        if contract.start is not None:
            contract.start(scene, contract.streams[env : env + 1])
        contract.same("batch", f"environment {env} alone, at its start", scene, run.start[env])
        scene.reset(state=run.snapshot[env], params=True)
        contract.run(scene, contract.after, contract.streams[env : env + 1])
        contract.same("batch", f"environment {env} alone", scene, run.end[env])


def transport(contract: Contract) -> None:
    """State that is moved by a kernel and state seen in place are the same bytes."""
    run = contract.recording
    scenes = (contract.scene, contract.other)
    n = contract.n_envs
    some = torch.arange(n) % 3 == 1
    both = torch.tensor([0, n - 1])
    resets: list[tuple[str, dict[str, Any]]] = [
        ("a full reset", {"state": run.snapshot}),
        ("a reset by mask", {"state": run.end, "envs_idx": some}),
        ("a reset by listed rows", {"state": run.later[both], "envs_idx": both}),
        ("a reset by slice", {"state": run.snapshot, "envs_idx": slice(0, n, 2)}),
        ("one row for several", {"state": run.end[0], "envs_idx": [n - 1, 0]}),
        ("a reset to the state after build", {"envs_idx": [0]}),
        ("a full reset to it", {}),
    ]
    for what, given in resets:
        for scene in scenes:
            scene.reset(**given, params=True)
        _same_bytes(contract, f"after {what}", *scenes)
        for scene in scenes:
            contract.run(scene, 2)
        _same_bytes(contract, f"two steps after {what}", *scenes)


def observation(contract: Contract) -> None:
    """Every getter says after a restore what it said at the snapshot, and changes nothing."""
    run = contract.recording
    for scene in (contract.scene, contract.other):
        contract.run(scene, 1)
        poison_scratch(scene)
        scene.reset(state=run.snapshot, params=True)
        contract.same_readings("observation", "right after the restore", scene)
        contract.same("observation", "after asking the getters", scene, run.snapshot)


def _same_bytes(contract: Contract, when: str, in_place: Scene, by_kernel: Scene) -> None:
    contract.same("transport", when, by_kernel, in_place.get_state(params=True))
    filled = by_kernel.get_state(params=True)
    in_place.get_state(out=filled)
    contract.same("transport", f"{when}, read into a state", by_kernel, filled)
    if in_place.t != by_kernel.t:
        raise ContractError(f"transport: {when}, t is {in_place.t} and {by_kernel.t}.")


def _require_life(contract: Contract) -> None:
    """A run in which nothing happens proves nothing."""
    run = contract.recording
    still = {var.key for var in run.snapshot.diff(run.end)} <= {"Scene.envs_t"}
    if still:
        raise ContractError(
            f"resume: nothing but the clock changes in the {contract.after} steps after the "
            "snapshot; give `start` or `drive`, or other numbers of steps."
        )
    if (
        not contract.alike
        and contract.n_envs > 1
        and (run.end.checksum() == run.end.checksum()[0]).all()
    ):
        raise ContractError(
            "resume: all environments are alike, so mixing them up would not be noticed; give a "
            "`start` that makes them differ."
        )
