"""How far the rigid solver is from MuJoCo C, model by model: JSON, and docs/oracle.md on request.

python -m benchmarks.oracle --docs
"""

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path

import genesis_state as gs
from tests import contact_oracle, oracle

DOCS = Path(__file__).resolve().parent.parent / "docs"

INTEGRATORS = ("Euler", "implicitfast", "RK4")
N_ENVS = 100

HEAD = """# The rigid solver beside MuJoCo C

Written by `python -m benchmarks.oracle --docs`. All models stand side by side in one scene; both
sides start from the same {n_envs} states and controls, with the same integrator and Newton's method
(tolerance 1e-12 in 64 bits, 1e-8 in 32).

Without contacts, from random states: the largest normwise error of the accelerations of one step
over all states and the integrators Euler, implicitfast and RK4, and the largest difference of any
velocity (relative to the fastest dof) or link position [m] along one second of three of the states
under implicitfast.

With contacts, from moments in which the models fall on a floor or lie there: how many contacts were
compared in the {n_envs} states, the largest distance of two contacts [m], of their unit normals and
of their depths [m], and the largest error of the accelerations as above. Contacts of a box, a
cylinder or a mesh with other shapes are a choice of points on a patch, which may be another one:
the number of such pairs comes after a plus, and in brackets is the error of the accelerations in
the states that have some. Shapes other than those of boxes, spheres and capsules are found by
iteration: to 1e-6 m by MuJoCo, which leaves its mark on the dog's row, and at times further off, by
1e-2 m for one of the dog's cylinders on a box (`untrue` and `theirs` in tests/contact_oracle.py).

| model | supported | dofs | qacc, 64 bits | 32 bits | 1 s, 64 bits | contacts | position | normal \
| depth | qacc in contact, 64 bits | 32 bits |
| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--docs", action="store_true", help="write docs/oracle.md")
    docs = parser.parse_args().docs
    every = {
        **oracle.our_models(),
        **oracle.gymnasium_models(),
        **contact_oracle.dm_control_models(),
    }
    refused = oracle.refusals(every)
    models = {name: path for name, path in every.items() if name not in refused}
    table: dict[str, dict[str, float]] = {name: {} for name in models}
    for precision in ("64", "32"):
        for integrator in INTEGRATORS:
            restart(precision)
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
        restart(precision)
        compare_contacts(models, table, precision)
    gs.destroy()
    print(json.dumps({"errors": table, "refused": refused}, indent=2))
    if docs:
        (DOCS / "oracle.md").write_text(document(every, table, refused))


def restart(precision: str) -> None:
    gs.destroy()
    gs.init(precision=precision)


def compare_contacts(
    models: Mapping[str, Path], table: dict[str, dict[str, float]], precision: str
) -> None:
    """Fills in what concerns contacts."""
    with tempfile.TemporaryDirectory() as folder:
        apart = contact_oracle.apart(models, Path(folder))
        case = contact_oracle.build(apart, N_ENVS, window=(0.1, 1.2))
        for name, found in contact_oracle.compare(case).items():
            row = table[name]
            row[f"contact_qacc_{precision}"] = found.qacc
            row[f"contact_qacc_others_{precision}"] = found.qacc_others
            if precision == "64":
                row["contacts"] = found.contacts
                row["contact_pos"] = found.pos
                row["contact_normal"] = found.normal
                row["contact_dist"] = found.dist
                row["patches"] = sum(len(x.depth) for x in found.patches.values())
                row["missed"] = len(found.missed) + len(found.unlike)


def document(
    every: Mapping[str, Path], table: Mapping[str, Mapping[str, float]], refused: Mapping[str, str]
) -> str:
    """The text of docs/oracle.md."""
    text = HEAD.format(n_envs=N_ENVS)
    for name in every:
        if name in refused:
            text += f"| {name} | no, see below" + " |" * 11 + "\n"
            continue
        row = table[name]
        values = [
            f"{row[key]:.1e}" if row["contacts"] or "contact" not in key else "-"
            for key in (
                "qacc_64",
                "qacc_32",
                "trajectory_64",
                "contact_pos",
                "contact_normal",
                "contact_dist",
                "contact_qacc_64",
                "contact_qacc_32",
            )
        ]
        for i, key in ((-2, "64"), (-1, "32")):
            if others := row[f"contact_qacc_others_{key}"]:
                # Where no state is without them, there is nothing else to report.
                alone = values[i] if row[f"contact_qacc_{key}"] else "-"
                values[i] = f"{alone} ({others:.1e})"
        values.insert(3, f"{row['contacts']} + {row['patches']}")
        text += f"| {name} | yes | {row['dofs']} | " + " | ".join(values) + " |\n"
    text += "\nRefused:\n\n"
    for name, reason in refused.items():
        text += f"- {name}: {reason}\n"
    return text


if __name__ == "__main__":
    main()
