"""What is used of rl_games 1.6.5, which carries no types: here they become Any, once."""

from __future__ import annotations

from typing import Any

from rl_games import torch_runner
from rl_games.algos_torch import a2c_continuous, a2c_discrete, players
from rl_games.common import env_configurations, ivecenv, vecenv

A2CAgent: Any = a2c_continuous.A2CAgent
DiscreteA2CAgent: Any = a2c_discrete.DiscreteA2CAgent
PpoPlayerContinuous: Any = players.PpoPlayerContinuous
PpoPlayerDiscrete: Any = players.PpoPlayerDiscrete
Runner: Any = torch_runner.Runner
IVecEnv: Any = ivecenv.IVecEnv
register_vecenv: Any = vecenv.register
environments: dict[str, Any] = env_configurations.configurations
