"""Matter made of particles against conservation laws, closed forms and experiments."""

import pytest

from tests.mpm_experiments import Experiment, every


@pytest.mark.parametrize(
    ("experiment", "precision"),
    [
        pytest.param(
            experiment,
            precision,
            id=f"{experiment.name}-{precision}",
            marks=[pytest.mark.slow] * experiment.slow,
        )
        for experiment, precision in every()
    ],
)
def test_figures_are_within_their_limits(experiment: Experiment, precision: str) -> None:
    found = experiment.figures(precision)
    assert not [str(figure) for figure in found if not figure.holds]
