"""How far the rigid solver is from MuJoCo C, model by model: JSON, and docs/oracle.md on request.

python benchmarks/oracle.py --docs
"""

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import genesis_state as gs  # noqa: E402
from tests import oracle  # noqa: E402

INTEGRATORS = ("Euler", "implicitfast", "RK4")
N_ENVS = 100

HEAD = """# The rigid solver beside MuJoCo C

Written by `python benchmarks/oracle.py --docs`. Every model stands beside the others in one scene;
both sides start from the same {n_envs} random states, velocities and controls, with contacts off,
the same integrator and Newton's method (tolerance 1e-12 in 64 bits, 1e-8 in 32). Given is the
largest normwise error of the accelerations of one step over all states and the three integrators,
and the largest difference of any velocity (relative to the fastest dof) or link position [m] along
one second of three of them under implicitfast.

| model | dofs | qacc, 64 bits | qacc, 32 bits | 1 s, 64 bits |
| --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/oracle.md")
    docs = parser.parse_args().docs
    models = {**oracle.our_models(), **oracle.gymnasium_models()}
    refused = oracle.refusals(models)
    models = {name: path for name, path in models.items() if name not in refused}
    table: dict[str, dict[str, float]] = {name: {} for name in models}
    for precision in ("64", "32"):
        for integrator in INTEGRATORS:
            gs.destroy()
            gs.init(precision=precision)
            case = oracle.build(models, integrator, N_ENVS)
            for name, dofs in case.dofs().items():
                table[name]["dofs"] = dofs.stop - dofs.start
            errors = oracle.acceleration_errors(case)
            for name, row in table.items():
                key = f"qacc_{precision}"
                row[key] = max(row.get(key, 0.0), errors[name])
            if (precision, integrator) == ("64", "implicitfast"):
                for name, error in oracle.trajectory_errors(
                    oracle.build(models, integrator, 3), 1.0
                ).items():
                    table[name]["trajectory_64"] = error
    gs.destroy()
    print(json.dumps({"errors": table, "refused": refused}, indent=2))
    if docs:
        text = HEAD.format(n_envs=N_ENVS)
        for name, row in table.items():
            text += (
                f"| {name} | {row['dofs']} | {row['qacc_64']:.1e} | {row['qacc_32']:.1e} "
                f"| {row['trajectory_64']:.1e} |\n"
            )
        text += "\nRefused:\n\n"
        for name, reason in refused.items():
            text += f"- {name}: {reason}\n"
        (ROOT / "docs").mkdir(exist_ok=True)
        (ROOT / "docs" / "oracle.md").write_text(text)


if __name__ == "__main__":
    main()
