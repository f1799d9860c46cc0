"""Training with rl_games that can be killed at any moment and goes on as if it had not been.

`genesis_state.training.run.train` is the door. The parts, each of use alone:

- `run_directory`: where a run keeps its files, and which of its checkpoints is the newest whole one
- `training_checkpoint`: the file itself, which opens with `torch.load(weights_only=True)`
- `agent`: rl_games' PPO agents, with all of their state in the file
- `vecenv`: how a batched task becomes an environment of rl_games
- `observers`: what watches a run, and logs it

Needs the extra `genesis-state[train]`.
"""
