"""Which robots that others wrote load unchanged, and how far from MuJoCo C they move: JSON.

python -m benchmarks.corpus --docs  # writes docs/corpus.md as well
"""

import argparse
import json
import logging
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from tests import corpus, corpus_oracle

PAGE = Path(__file__).resolve().parent.parent / "docs" / "corpus.md"

# Of these many small objects one row is written, and so many of them are compared.
MANY, SAMPLE = "pybullet random", 20

HEAD = """# Robots that others wrote

Written by `python -m benchmarks.corpus --docs`: every MJCF file in the wheels of gymnasium-robotics
and dm_control, and every URDF in that of pybullet, loaded unchanged as the only entity of a scene.
Parts of an MJCF model that MuJoCo cannot compile alone are not counted. The base of a URDF floats,
unless the file says otherwise.

What loads is compared with MuJoCo C in 64 bits, models with the same options side by side in one
scene: the largest normwise error of the accelerations of one step under implicitfast, contacts off,
over {n_envs} random states near the model's own (0.1 m or rad, 0.5 m/s or rad/s) and random
controls in their ranges. Both sides solve the constraints by Newton's method to 1e-12. A model
without dofs has nothing to compare. With contacts: [Beside MuJoCo](oracle.md).

| files of | version | files | supported | share | largest error |
| --- | --- | --- | --- | --- | --- |
"""

COLUMNS = """
| model | supported | dofs | qacc error, 64 bits | why not |
| --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/corpus.md")
    docs = parser.parse_args().docs
    # What a file has that pybullet and MuJoCo read otherwise is told of each; here that is noise.
    logging.getLogger("genesis_state").setLevel(logging.ERROR)
    outcomes = {name: list(corpus.outcomes(name)) for name in corpus.CORPORA}
    errors = {}
    for name, found in outcomes.items():
        step = max(1, len(found) // SAMPLE) if name == MANY else 1
        errors[name] = corpus_oracle.compare(found[::step])
    refused = {
        name: {one.model.name: reason(one) for one in found if not one.supported}
        for name, found in outcomes.items()
    }
    print(json.dumps({"errors": errors, "refused": refused}, indent=2))
    if docs:
        PAGE.write_text(document(outcomes, errors), encoding="utf-8")


def reason(outcome: corpus.Outcome) -> str:
    """Why a model is refused, without where it lies on this machine."""
    root = corpus.CORPORA[outcome.model.corpus].root()
    text = outcome.reason.replace(f"{root}/", "")
    for start in (
        "The rigid solver cannot simulate this scene: ",
        f"robot: {outcome.model.name} cannot be read: ",
    ):
        text = text.removeprefix(start)
    return text


def document(outcomes: dict[str, list[corpus.Outcome]], errors: dict[str, dict[str, float]]) -> str:
    """The text of docs/corpus.md."""
    text = HEAD.format(n_envs=corpus_oracle.N_ENVS)
    for name, found in outcomes.items():
        loaded = sum(one.supported for one in found)
        worst = f"{max(errors[name].values()):.1e}"
        if name == MANY:
            worst += f" ({len(errors[name])} of them)"
        cells = (title(name), version(name.split()[0]), len(found), loaded)
        share = f"{100 * loaded / len(found):.1f} %"
        text += "".join(f"| {cell} " for cell in (*cells, share, worst)) + "|\n"
    for name, found in outcomes.items():
        # Of many alike only what does not load has rows.
        shown = [one for one in found if name != MANY or not one.supported]
        if shown:
            text += f"\n## {title(name)}\n{COLUMNS}" + rows(shown, errors[name])
    return text


def title(name: str) -> str:
    return "pybullet's random_urdfs" if name == MANY else name


def rows(outcomes: Sequence[corpus.Outcome], errors: dict[str, float]) -> str:
    text = ""
    for one in outcomes:
        if one.supported:
            error = f"{errors[one.model.name]:.1e}" if one.model.name in errors else "-"
            text += f"| {one.model.name} | yes | {corpus_oracle.dofs(one)} | {error} | |\n"
        else:
            why = reason(one).replace("<", "&lt;").replace("|", "\\|")
            text += f"| {one.model.name} | no | | | {why} |\n"
    return text


if __name__ == "__main__":
    main()
