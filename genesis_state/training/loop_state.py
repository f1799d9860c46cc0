"""What an agent of rl_games carries from one epoch to the next, beside weights and optimizer.

rl_games 1.6.5 saves none of it. `save` takes it, and `restore` puts it back in two steps, because
`train()` of rl_games sets much of it anew after `restore()` has run: see `Continuation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from genesis_state.training.plain_values import on_device
from genesis_state.training.random_state import set_random_state

_METERS = ("game_rewards", "game_shaped_rewards", "game_lengths")
# One row for each environment (and agent in it).
_RUNNING = ("obs", "dones", "current_rewards", "current_shaped_rewards", "current_lengths")
# What the config says of them wins over the checkpoint where it was changed in between.
_SCHEDULED = {"last_lr": "learning_rate", "entropy_coef": "entropy_coef"}


def loop_state(agent: Any) -> dict[str, Any]:
    """The state as tensors and plain values; tensors are the agent's own."""
    state: dict[str, Any] = {
        "num_actors": int(agent.num_actors),
        "num_agents": int(agent.num_agents),
        "mean_rewards": float(agent.mean_rewards),
        "elapsed": float(agent.elapsed),
        "is_tensor_obses": bool(agent.is_tensor_obses),
        "rnn_states": agent.rnn_states,
        "meters": {
            name: {
                "mean": getattr(agent, name).mean,
                "size": int(getattr(agent, name).current_size),
            }
            for name in _METERS
        },
        # Where the schedules stand, and from which start of the config.
        "schedules": {
            name: {"value": float(getattr(agent, name)), "config": float(agent.config[key])}
            for name, key in _SCHEDULED.items()
        },
    }
    state |= {name: getattr(agent, name, None) for name in _RUNNING}
    if agent.has_central_value:
        net = agent.central_value_net
        state["central_value"] = {
            "lr": float(net.lr),
            "config": float(net.config["learning_rate"]),
            "epoch_num": int(net.epoch_num),
            "frame": int(net.frame),
            "rnn_states": net.rnn_states,
        }
    return state


def restore_schedules(agent: Any, state: dict[str, Any]) -> list[str]:
    """Puts learning rates and the entropy coefficient back, before training starts.

    Returns:
        A sentence for each that the config has changed, which is then used.
    """
    notices = []
    for name, key in _SCHEDULED.items():
        saved = state["schedules"][name]
        if saved["config"] == float(agent.config[key]):
            setattr(agent, name, saved["value"])
        else:
            notices.append(
                f"{key} is {agent.config[key]} in the config now and was {saved['config']}, so "
                "its schedule starts afresh"
            )
    for group in agent.optimizer.param_groups:
        group["lr"] = agent.last_lr
    central = state.get("central_value")
    if agent.has_central_value and central is not None:
        net = agent.central_value_net
        net.epoch_num, net.frame = central["epoch_num"], central["frame"]
        if central["config"] == float(net.config["learning_rate"]):
            net.lr = central["lr"]
        net.update_lr(net.lr)
    return notices


@dataclass
class Continuation:
    """What has to wait until `train()` of rl_games has set everything anew.

    Attributes:
        best: The best mean reward so far, which `train()` forgets and would then overwrite the
            best checkpoint with a worse one; None if nothing was told.
        loop: From `loop_state`; None for a checkpoint that lacks it.
        random: From `random_state`; None for a checkpoint that lacks it.
        exact: Whether environments go on in the middle of their episodes.
        notices: Sentences about what could not be put back.
    """

    best: float | None = None
    loop: dict[str, Any] | None = None
    random: dict[str, Any] | None = None
    exact: bool = False
    notices: list[str] = field(default_factory=list)

    def observation(self, agent: Any) -> Any:
        """What the environments showed last, in place of what a reset shows."""
        assert self.loop is not None
        # rl_games learns this from a reset: whether the environments take tensors or arrays.
        agent.is_tensor_obses = self.loop["is_tensor_obses"]
        return on_device(self.loop["obs"], agent.ppo_device)

    def finish(self, agent: Any) -> list[str]:
        """Puts all back, just before the first epoch.

        Returns:
            Sentences about what could not be.
        """
        if self.best is not None:
            agent.last_mean_rewards = np.float32(self.best)
        if self.loop is not None:
            self._finish_loop(agent, self.loop)
        # Last, since all that came before may have drawn.
        return [] if self.random is None else set_random_state(self.random)

    def _finish_loop(self, agent: Any, loop: dict[str, Any]) -> None:
        agent.mean_rewards = np.float32(loop["mean_rewards"])
        for name in _METERS:
            meter, saved = getattr(agent, name), loop["meters"][name]
            meter.mean = on_device(saved["mean"], agent.ppo_device)
            meter.current_size = saved["size"]
        if not self.exact:
            return
        for name in _RUNNING:
            setattr(agent, name, on_device(loop[name], agent.ppo_device))
        agent.rnn_states = on_device(loop["rnn_states"], agent.ppo_device)
        central = loop.get("central_value")
        if agent.has_central_value and central is not None:
            agent.central_value_net.rnn_states = on_device(central["rnn_states"], agent.ppo_device)


def of_rl_games(agent: Any, content: dict[str, Any]) -> Continuation:
    """What of a checkpoint that rl_games wrote has to wait; what can be known of it is put back."""
    # The optimizer has the rate at which an adaptive schedule stood.
    agent.last_lr = float(agent.optimizer.param_groups[0]["lr"])
    best = content.get("last_mean_rewards")
    notice = (
        "was written by rl_games: weights, optimizer, epoch and best reward are taken, and "
        "episodes, random numbers, meters and observers start afresh"
    )
    return Continuation(best=None if best is None else float(best), notices=[notice])


def continuation(agent: Any, content: dict[str, Any]) -> Continuation:
    """What of a checkpoint has to wait; content is one of ours."""
    loop = content["loop"]
    same = (loop["num_actors"], loop["num_agents"]) == (agent.num_actors, agent.num_agents)
    complete = bool(getattr(agent.vec_env, "env_state_is_complete", False))
    has_state = content.get("env_state") is not None
    found = Continuation(
        best=content["last_mean_rewards"],
        loop=loop,
        random=content["random"],
        exact=same and complete and has_state and loop["obs"] is not None,
    )
    if not same:
        found.notices.append(
            f"{loop['num_actors']} environments were saved and there are {agent.num_actors}, so "
            "all of them start new episodes"
        )
    elif not has_state:
        found.notices.append("no state of environments was saved, so all start new episodes")
    elif not complete:
        found.notices.append(
            "the environments' state does not say where their episodes stood "
            "(env_state_is_complete), so all start new ones"
        )
    return found
