"""FrankaReach and FrankaReachADR: what is randomized, and what a checkpoint brings back."""

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from adr_cases import same, through_file
from omegaconf import OmegaConf
from task_runs import run

import genesis_state as gs
from genesis_state.randomization import DomainRandomization
from genesis_state.tasks.action_latency import ActionLatency
from genesis_state.tasks.franka_reach_adr import FrankaReachADR

N = 12
CONFIGS = Path(gs.__file__).parent / "training" / "configs" / "task"


def config(**adr: Any) -> dict[str, Any]:
    """The task's own file, with short episodes and queues."""
    found: Any = OmegaConf.to_container(OmegaConf.load(CONFIGS / "FrankaReachADR.yaml"))
    del found["name"], found["num_envs"]
    found["episode_length"] = 9
    found["act_moving_average"] |= {"schedule_freq": 5, "schedule_steps": 200}
    found["adr"] |= {"adr_queue_threshold_length": 4} | adr
    return found


def made(num_envs: int = N, seed: int = 1, **adr: Any) -> FrankaReachADR:
    return FrankaReachADR(config(**adr), num_envs, seed)


@pytest.fixture(scope="module")
def tasks(fresh_runtime: None) -> Iterator[list[FrankaReachADR]]:
    gs.init()
    found = [made(seed=seed) for seed in (1, 2)]
    yield found
    for task in found:
        task.scene.close()


def test_a_restored_task_goes_on_bit_for_bit_with_queues_part_full(
    tasks: list[FrankaReachADR],
) -> None:
    one, other = tasks
    one.reset()
    run(one, 0, 40)
    assert one.adr is not None and other.adr is not None
    counts = one.adr.queues.counts
    assert (counts > 0).any() and (counts < 4).any()
    state = through_file(one.get_env_state())
    wanted = run(one, 40, 50)
    other.reset()
    run(other, 900, 13)
    other.set_env_state(state)
    assert other.env_state_is_complete
    assert same(wanted, run(other, 40, 50))
    assert one.scene.get_state(params=True).equal(other.scene.get_state(params=True))
    assert one.adr_scalars() == other.adr_scalars()
    assert one.act_moving_average == other.act_moving_average < 1.0


def test_properties_lie_in_their_ranges_and_never_compound(tasks: list[FrankaReachADR]) -> None:
    task = tasks[0]
    task.reset()
    robot, adr = task.robot, task.adr
    assert adr is not None and task.randomization is not None
    originals = task.randomization.originals
    read = {
        "robot_stiffness": ("dof_properties.stiffness", lambda: robot.get_dofs_kp()),
        "robot_damping": ("dof_properties.damping", lambda: robot.get_dofs_kv()),
        "robot_mass": ("rigid_body_properties.mass", lambda: robot.get_links_inertial_mass()),
        "robot_friction": ("rigid_shape_properties.friction", lambda: robot.get_geoms_friction()),
    }
    pinned = 0
    for step in range(30):
        for name, (path, getter) in read.items():
            ratios = (getter() / originals[f"actor_params.robot.{path}"]).double()
            low, high = adr.pinned(name).T
            began = task.episodes.lengths == 0  # ranges may move during an episode
            assert (ratios >= low[:, None] - 1e-6)[began].all(), name
            assert (ratios <= high[:, None] + 1e-6)[began].all(), name
            held = began & (low == high)
            pinned += int(held.sum())
            assert (ratios[held].amax(1) - ratios[held].amin(1) < 1e-6).all()
        run(task, step * 9, 9)
        assert (task.episodes.lengths == 0).all()
    assert pinned > 0
    friction = robot.get_dofs_frictionloss()
    assert (friction >= 0).all() and (friction > 0).any()


def test_other_environments_keep_their_robot_when_some_begin_anew(
    tasks: list[FrankaReachADR],
) -> None:
    task = tasks[0]
    task.reset()
    task.episodes.lengths[:4] = 5
    before = task.scene.get_state(params=True)
    run(task, 0, 4)
    after = task.scene.get_state(params=True)
    for key in ("dofs_kp", "bodies_mass", "geoms_friction", "envs_gravity", "dofs_invweight"):
        was, now = before[f"RigidSolver.{key}"], after[f"RigidSolver.{key}"]
        assert torch.equal(was[4:], now[4:])
        if key not in ("envs_gravity",):  # drawn every 720 steps
            assert not torch.equal(was[:4], now[:4])


def test_without_adr_an_episode_draws_what_is_due(tasks: list[FrankaReachADR]) -> None:
    task = tasks[1]
    adr, task.adr = task.adr, None
    try:
        task.steps += 1000  # beyond the frequency
        task.reset()
        assert task.randomization is not None
        original = task.randomization.originals["actor_params.robot.dof_properties.stiffness"]
        kp = task.robot.get_dofs_kp()
        ratios = kp / original
        assert ((ratios > 0.9) & (ratios < 1.1)).all() and ratios.std() > 0.02
        task.steps += 10
        task.begin_anew(torch.arange(N))
        assert torch.equal(task.robot.get_dofs_kp(), kp)
    finally:
        task.adr = adr


def test_noise_is_added_to_observations_and_actions(tasks: list[FrankaReachADR]) -> None:
    task = tasks[1]
    noise = {"range": [0.0, 0.1], "distribution": "gaussian", "operation": "additive"}
    both = {"observations": noise, "actions": noise}
    own = task.randomization
    task.randomization = DomainRandomization(both, {}, task.streams, N)
    task.observe = lambda: torch.zeros(N, 30)  # type: ignore[method-assign]
    try:
        found, *_ = task.step(torch.zeros(N, 7))
    finally:
        task.randomization = own
        del task.observe
    assert found["obs"].std().item() == pytest.approx(0.1, rel=0.2)
    assert task.actions.std().item() == pytest.approx(0.1, rel=0.3)


@pytest.mark.parametrize("steps", [0, 1, 3, 5])
def test_actions_arrive_late_by_the_latency(tasks: list[FrankaReachADR], steps: int) -> None:
    task = tasks[0]
    latency = ActionLatency(task)
    assert latency.queue.shape[1] == 7  # its limit is 5
    latency.begin(torch.arange(N))
    latency.latency[:] = steps
    task.adr_values = lambda name, default, envs=None: torch.zeros(N)  # type: ignore[method-assign]
    try:
        arrived = [latency.late(torch.full((N, 7), 1.0 + i))[0, 0].item() for i in range(20)]
    finally:
        del task.adr_values
    assert arrived == [max(0.0, 1.0 + i - steps) for i in range(20)]


def test_a_delayed_step_gets_an_action_one_step_older(tasks: list[FrankaReachADR]) -> None:
    task = tasks[0]
    latency = ActionLatency(task)
    latency.begin(torch.arange(N))
    latency.latency[:] = 2
    task.adr_values = lambda name, default, envs=None: torch.full((N,), 0.25)  # type: ignore[method-assign]
    try:
        late = [latency.late(torch.full((N, 7), 1.0 * i))[:, 0] for i in range(200)]
    finally:
        del task.adr_values
    behind = torch.arange(200.0)[3:, None] - torch.stack(late)[3:]
    assert set(behind.unique().tolist()) == {2.0, 3.0}
    assert behind.mean().item() == pytest.approx(2.25, abs=0.05)


def test_the_moving_average_follows_the_steps_of_the_whole_run(
    tasks: list[FrankaReachADR],
) -> None:
    one, other = tasks
    one.reset()
    one.steps = 96
    run(one, 0, 7)
    assert one.act_moving_average.item() == pytest.approx(1.0 - 0.4 * 100 / 200)
    other.set_env_state(one.get_env_state())
    assert other.steps == 103
    run(other, 0, 7)
    assert other.act_moving_average.item() == pytest.approx(1.0 - 0.4 * 110 / 200)


# ---------------------------------------------------------------- what may differ


@pytest.fixture(scope="module")
def saved(tasks: list[FrankaReachADR]) -> dict[str, Any]:
    """A state in the middle of episodes, with one range moved and queues part full."""
    task = tasks[0]
    task.reset()
    assert task.adr is not None
    lower = task.adr.bounds.ranges[task.adr.names.index("robot_mass"), 0]
    lower.fill_(0.6)
    run(task, 0, 40)
    state = through_file(task.get_env_state())
    assert lower_mass(state) < 0.7
    return state


def lower_mass(state: dict[str, Any]) -> float:
    return float(state["adr"]["ranges"][state["adr"]["names"].index("robot_mass"), 0])


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    found = config()
    change(found["adr"]["params"])
    return found


def reorder(params: dict[str, Any]) -> None:
    for name in sorted(params, reverse=True):
        params[name] = params.pop(name)


def add(params: dict[str, Any]) -> None:
    params["more"] = {"init_range": [0, 1], "limits": [0, 2], "delta": 0.1}


def remove(params: dict[str, Any]) -> None:
    del params["affine_dof_pos_white"], params["robot_damping"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (reorder, "ranges and results of 13 parameters restored"),
        (add, "fresh, at their init range: more"),
        (remove, "in the checkpoint only, dropped: affine_dof_pos_white, robot_damping"),
    ],
)
def test_parameters_are_matched_by_name(
    change: Callable[[dict[str, Any]], None],
    said: str,
    saved: dict[str, Any],
    tasks: list[FrankaReachADR],
) -> None:
    task = FrankaReachADR(changed(change), N, seed=3)
    report = "\n".join(task.set_env_state(saved))
    assert said in report
    assert task.env_state_is_complete
    assert task.adr is not None
    assert task.adr.range("robot_mass")[0] == lower_mass(saved)
    if change is reorder:
        tasks[1].set_env_state(saved)
        assert same(run(tasks[1], 40, 12), run(task, 40, 12))
    task.scene.close()


def test_another_number_of_environments_keeps_ranges_and_queues(saved: dict[str, Any]) -> None:
    task = made(num_envs=5, seed=3)
    said = task.set_env_state(saved)
    assert said[0] == f"saved with {N} environments, there are 5 now:"
    assert not task.env_state_is_complete
    assert task.adr is not None
    assert task.adr.range("robot_mass")[0] == lower_mass(saved)
    assert task.adr.queues.counts.sum() == saved["adr"]["counts"].sum() > 0
    assert task.steps == saved["steps"]
    assert task.act_moving_average == saved["task"]["act_moving_average"]
    task.scene.close()


def test_what_a_gpu_saved_begins_new_episodes_here(
    saved: dict[str, Any], tasks: list[FrankaReachADR]
) -> None:
    task, state = tasks[1], copy.deepcopy(saved)
    state["streams"]["device"] = "cuda"
    said = task.set_env_state(state)
    assert "random streams start fresh: saved on cuda, these are on cpu." in said
    assert not task.env_state_is_complete
    assert task.adr is not None and task.adr.range("robot_mass")[0] == lower_mass(saved)


def test_what_the_flag_leaves_out_a_run_that_goes_on_takes(
    saved: dict[str, Any], fresh_runtime: None
) -> None:
    gs.init()
    task = made(seed=3, adr_load_from_checkpoint=False)
    assert task.adr is not None
    report = "\n".join(task.set_env_state(saved))
    assert "nothing restored, as adr_load_from_checkpoint is false" in report
    assert not task.env_state_is_complete
    assert task.adr.range("robot_mass") == (0.9, 1.1)
    assert task.adr.queues.counts.sum() == 0
    task.resuming = True
    task.set_env_state(saved)
    assert task.env_state_is_complete
    assert task.adr.range("robot_mass")[0] == lower_mass(saved)
    task.scene.close()


def spoiled(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(state: dict[str, Any]) -> None:
        *keys, last = path.split("/")
        for key in keys:
            state = state[key]
        state[last] = value

    return change


@pytest.mark.parametrize(
    "spoil",
    [
        spoiled("adr/ranges", torch.zeros(2, 2)),
        spoiled("adr", {"version": 1}),
        spoiled("randomization/drawn_at", None),
        spoiled("streams/states/adr", torch.zeros(3, dtype=torch.uint8)),
        spoiled("episodes", {}),
        spoiled("task", [1]),
        spoiled("physics/t", "never"),
        spoiled("physics/arrays", {}),
        spoiled("num_envs", None),
    ],
)
def test_a_damaged_state_changes_nothing(
    spoil: Callable[[dict[str, Any]], None], saved: dict[str, Any], tasks: list[FrankaReachADR]
) -> None:
    task = tasks[1]
    task.reset()
    run(task, 0, 5)
    before = through_file(task.get_env_state())
    physics = task.scene.get_state(params=True)
    state = copy.deepcopy(saved)
    spoil(state)
    with pytest.raises((TypeError, ValueError)):
        task.set_env_state(state)
    assert task.scene.get_state(params=True).equal(physics)
    wanted = run(task, 5, 10)
    task.set_env_state(before)
    assert same(wanted, run(task, 5, 10))


def test_adr_needs_randomize() -> None:
    with pytest.raises(ValueError, match=r"adr\.use_adr is on and randomize is off; switch"):
        FrankaReachADR(config() | {"randomize": False}, 2)


def test_without_randomization_every_robot_is_the_original() -> None:
    plain = config(use_adr=False) | {"randomize": False}
    task = FrankaReachADR(plain, N)
    task.reset()
    assert (task.robot_random_params == 1).all()
    assert (task.latency.latency == 0).all()
    task.scene.close()
