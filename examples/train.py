"""Trains a task, as `genesis-state train` does: `python examples/train.py task=Cartpole seed=1`.

Run it again with `resume=auto` and more epochs, and it goes on bit for bit as if it had not ended;
`checkpoint=runs/Cartpole/nn/last.pth experiment=more` starts another run from there.
"""

import sys

from genesis_state.training.hydra_config import compose, train_config
from genesis_state.training.run import train

if __name__ == "__main__":
    config = compose(sys.argv[1:])
    result = train(train_config(config))
    assert result.checkpoint is not None, "a run always leaves a checkpoint"
    print(result)
