"""Solids made of tetrahedra by themselves: beams, patches, and what was turned inside out."""

from __future__ import annotations

import math

import numpy as np

import genesis_state as gs
from tests.fem_matter import MODELS, Solid, block
from tests.figures import Figure, frequency, most

FEM = gs.materials.FEM

# A cantilever, whose load is too small to bend it visibly.
LENGTH, SIDE, E, RHO, LOAD = 1.0, 0.2, 1e6, 1000.0, 1e-3
AREA, INERTIA, SHEAR = SIDE**2, SIDE**4 / 12, 5 / 6 * E / 2 * SIDE**2
CELLS = (4, 8, 16)  # across it


def cantilever(cells: int, dt: float, gravity: float) -> Solid:
    """It, without Poisson's ratio, held at its end x = 0."""
    half = SIDE / 2
    mesh = block((0.0, -half, -half), (LENGTH, half, half), SIDE / cells)
    return Solid(
        *mesh,
        FEM.Elastic(E=E, nu=0.0, rho=RHO),
        dt=dt,
        gravity=gravity,
        held=mesh[0][:, 0] < 1e-9,
        use_implicit_solver=True,
        n_pcg_iterations=20000,
        pcg_threshold=1e-10,
    )


def extrapolated(values: list[float]) -> tuple[float, float]:
    """Observed order of convergence of three meshes, each twice as fine, and Richardson's value."""
    order = math.log2((values[0] - values[1]) / (values[1] - values[2]))
    return order, values[2] + (values[2] - values[1]) / (2**order - 1)


def bending(cells: int) -> tuple[float, float]:
    """Deflection of the cantilever under its weight [m], and its first frequency without [Hz]."""
    # Two steps so long that next to nothing of the inertia is left.
    still = cantilever(cells, dt=30.0, gravity=LOAD)
    still.step(2)
    bent, end = still.bent, still.rest[:, 0] > LENGTH - 1e-9
    still.close()
    # Backward Euler damps all but the first mode, and what is left obeys
    # (1 + w^2 h^2) a[n+1] - 2 a[n] + a[n-1] = 0.
    h = 0.5
    free = cantilever(cells, dt=h, gravity=0.0)
    free.put(pos=free.rest + bent)
    a = []
    for _ in range(9):
        free.step()
        a.append(float(free.mass @ (free.bent * bent).sum(axis=1)))
    free.close()
    squared = (2 * a[-2] - a[-3] - a[-1]) / (h * h * a[-1])
    return -float(bent[end, 2].mean()), math.sqrt(squared) / (2 * math.pi)


def beams() -> list[Figure]:
    """A cantilever that its weight bends, and that vibrates once it is gone."""
    found = [bending(cells) for cells in CELLS]
    deflections, frequencies = ([bent[k] for bent in found] for k in range(2))
    weight = RHO * AREA * LOAD
    timoshenko = weight * LENGTH**4 / (8 * E * INERTIA) + weight * LENGTH**2 / (2 * SHEAR)
    figures = []
    for name, unit, values, expected in (
        ("deflection under its weight", "m", deflections, timoshenko),
        ("first bending frequency", "Hz", frequencies, timoshenko_frequency()),
    ):
        order, value = extrapolated(values)
        source = f"{CELLS[0]}, {CELLS[1]} and {CELLS[2]} cells across, length 5 times the side"
        figures += [
            Figure(f"{name} of a cantilever, order of convergence", order, 2.0, 0.25, source),
            Figure(
                f"{name} of a cantilever, extrapolated [{unit}]",
                value,
                expected,
                0.03,
                "Timoshenko beam, nu = 0, shear coefficient 5/6",
            ),
        ]
    return figures


def timoshenko_frequency() -> float:
    """First frequency of the cantilever [Hz]: its deflection, slope, moment and shear force obey

        w' = phi + V / (k G A), phi' = M / (E I), M' = -V - rho I w^2 phi, V' = -rho A w^2 w

    and the last two are zero at the free end.
    """

    def at_end(omega: float) -> float:
        rate = np.zeros((4, 4))
        rate[0, 1], rate[0, 3] = 1.0, 1.0 / SHEAR
        rate[1, 2] = 1.0 / (E * INERTIA)
        rate[2, 1], rate[2, 3] = -RHO * INERTIA * omega**2, -1.0
        rate[3, 0] = -RHO * AREA * omega**2
        values, vectors = np.linalg.eig(rate * LENGTH)
        over = (vectors * np.exp(values)) @ np.linalg.inv(vectors)
        return float(np.linalg.det(over[2:, 2:]).real)

    slender = 1.8751**2 * math.sqrt(E * INERTIA / (RHO * AREA * LENGTH**4))
    low, high = 0.8 * slender, 1.02 * slender
    sign = at_end(low)
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if at_end(middle) * sign > 0 else (low, middle)
    return low / (2 * math.pi)


def vibration() -> list[Figure]:
    """The cantilever in explicit steps, with each law: its first frequency."""
    still = cantilever(2, dt=30.0, gravity=LOAD)
    still.step(2)
    bent, rest, mass = still.bent, still.rest, still.mass
    elements = still.solver.mesh.elements
    still.close()
    h = 1e-3
    found = []
    for model in MODELS:
        material = FEM.Elastic(E=E, nu=0.0, rho=RHO, model=model)
        free = Solid(rest, elements, material, dt=h, held=rest[:, 0] < 1e-9)
        free.put(pos=rest + bent)
        a = []
        for _ in range(2000):
            free.step()
            a.append(float(mass @ (free.bent * bent).sum(axis=1)))
        free.close()
        found.append(frequency(np.arange(1, len(a) + 1) * h, np.array(a)))
    _, expected = bending(2)
    return [
        Figure(
            "first frequency of a cantilever 2 cells across, explicit, three laws [Hz]",
            max(found, key=lambda f: abs(f - expected)),
            expected,
            1e-3,
            "the same mesh in implicit steps",
        )
    ]


def patches() -> list[Figure]:
    """Irregular meshes whose surface is deformed evenly: so is what is inside."""
    rng = np.random.default_rng(0)
    rest, elements = block((0.0, 0.0, 0.0), (1.0, 0.8, 0.6), 0.2)
    inside = ((rest > 1e-9) & (rest < np.array((1.0, 0.8, 0.6)) - 1e-9)).all(axis=1)
    rest[inside] += rng.uniform(-0.04, 0.04, (int(inside.sum()), 3))
    gradient = np.eye(3) + 0.05 * rng.uniform(-1, 1, (3, 3))
    worst = []
    for model in MODELS:
        solid = Solid(
            rest,
            elements,
            FEM.Elastic(E=E, nu=0.3, rho=RHO, model=model),
            dt=10.0,
            held=np.logical_not(inside),
            use_implicit_solver=True,
            n_newton_iterations=30,
            newton_dx_threshold=1e-14,
            n_pcg_iterations=2000,
            pcg_threshold=1e-13,
        )
        expected = rest @ gradient.T
        solid.put(constraint_target=expected)
        solid.step(3)
        worst.append(float(np.abs(solid.get("pos") - expected).max()))
        solid.close()
    return [
        most(
            "error of an even deformation [m]",
            worst,
            1e-10,
            "patch test: interior of a block of 1 m with 5 % of strain, three laws",
        )
    ]


def inversions() -> list[Figure]:
    """A block that is crushed flat, scrambled, or has a corner pulled through it, and let go."""
    rng = np.random.default_rng(1)
    rest, elements = block((-0.1, -0.1, -0.1), (0.1, 0.1, 0.1), 0.05)
    pulled = rest.copy()
    pulled[0] = -2.0 * rest[0]
    starts = (rest * (1.0, 1.0, 0.0), rng.permutation(rest), pulled)
    pairs = np.array(((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)))
    ends = elements[:, pairs]
    lengths = np.linalg.norm(rest[ends[..., 0]] - rest[ends[..., 1]], axis=-1)
    worst = []
    for model in MODELS[1:]:
        for implicit in (False, True):
            solid = Solid(
                rest,
                elements,
                FEM.Elastic(E=1e4, nu=0.3, rho=RHO, model=model),
                dt=1e-2 if implicit else 5e-4,
                damping=10.0,
                use_implicit_solver=implicit,
                damping_alpha=5.0,
                n_newton_iterations=4,
                n_linesearch_iterations=8,
            )
            for start in starts:
                solid.put(pos=start, vel=np.zeros(3))
                solid.step(300 if implicit else 4000)
                x = solid.get("pos")
                now = np.linalg.norm(x[ends[..., 0]] - x[ends[..., 1]], axis=-1)
                worst.append(float(np.abs(now / lengths - 1).max()))
            solid.close()
    return [
        most(
            "edge of a block that was crushed flat, scrambled or pulled through itself, part",
            worst,
            0.01,
            "it recovers: corotated and neo-Hookean, explicit and implicit",
        )
    ]
