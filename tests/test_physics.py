"""Matter against conservation laws, closed forms and experiments."""

import pytest

from tests.experiment import Experiment
from tests.experiments import every


@pytest.mark.parametrize(
    ("experiment", "precision"),
    [
        pytest.param(
            experiment,
            precision,
            id=f"{kind}-{experiment.name}-{precision}",
            # One precision of each; others say little more, and compile all anew.
            marks=[pytest.mark.slow] * (experiment.slow or precision != experiment.precisions[0]),
        )
        for kind, experiment, precision in every()
    ],
)
def test_figures_are_within_their_limits(experiment: Experiment, precision: str) -> None:
    found = experiment.figures(precision)
    assert not [str(figure) for figure in found if not figure.holds]
