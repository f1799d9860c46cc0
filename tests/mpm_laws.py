"""Laws of materials at single particles, beside the formulas that their docstrings give.

A particle more than three cells from all others is a homogeneous test piece: its `C` is the
velocity gradient that deforms it in the next substep, and what `C` is after it tells the stress,
C' = C - 4 h tau / (rho dx^2), because nothing else acts on the nodes around it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch

import genesis_state as gs
from tests.figures import Figure, most
from tests.mpm_matter import MPM, every_material, scene

PIECES = 64  # of each material
H, CELL, RHO, E = 1e-3, 1 / 16, 1000.0, 1e5


class Deformed(NamedTuple):
    """Pieces of one material after a substep: (1 + h C) F, the F and Jp that are left, and tau."""

    trial: np.ndarray
    F: np.ndarray
    Jp: np.ndarray
    tau: np.ndarray


class Pieces:
    """Test pieces of each material, each deformed as one likes."""

    def __init__(self, materials: dict[str, MPM.Base]):
        self.materials = materials
        side = 4 * PIECES ** (1 / 3) * CELL
        self.world = scene(
            substep=H,
            substeps=1,
            density=1 / CELL,
            lower=(-0.5, -0.5, -0.5),
            upper=(len(materials) * side + 0.5, side + 0.5, side + 0.5),
        )
        for i, material in enumerate(materials.values()):
            self.world.add_entity(
                gs.morphs.Box(
                    pos=((i + 0.5) * side, 0.5 * side, 0.5 * side), size=(4 * 0.64 * CELL,) * 3
                ),
                material=material,
            )
        self.world.build()
        places = np.stack(np.meshgrid(*[np.arange(4) + 0.4] * 3, indexing="ij"), -1).reshape(-1, 3)
        for i, entity in enumerate(self.world.entities):
            assert entity.n_particles == PIECES
            entity.set_particles_pos(places * 4 * CELL + np.array((i * side, 0.0, 0.0)))
        self.start = self.world.get_state()

    def deform(
        self, F: np.ndarray, C: np.ndarray, Jp: dict[str, np.ndarray] | None = None
    ) -> dict[str, Deformed]:
        """One substep of each material from F, with C and Jp, fresh where that is not given.

        F and C are arrays that broadcast to (materials, PIECES, 3, 3), Jp have shape (PIECES,).
        """
        world, state = self.world, self.world.get_state()
        shape = (len(self.materials), PIECES, 3, 3)
        dtype = state.mpm.F.dtype
        state.mpm.pos, state.mpm.vel = self.start.mpm.pos, 0.0
        for name, values in (("F", F), ("C", C)):
            every = np.broadcast_to(values, shape).reshape(1, -1, 3, 3).copy()
            setattr(state.mpm, name, torch.from_numpy(every).to(dtype))
        state.mpm.Jp = self.start.mpm.Jp
        for name, values in (Jp or {}).items():
            k = list(self.materials).index(name)
            state.mpm.Jp[0, k * PIECES : (k + 1) * PIECES] = torch.from_numpy(values).to(dtype)
        world.reset(state=state)
        before = {k: getattr(state.mpm, k)[0].double().numpy().copy() for k in ("F", "C")}
        world.step()
        assert not world.mpm_solver.get_error_envs_mask().any()
        state = world.get_state().mpm
        now = {k: getattr(state, k)[0].double().numpy() for k in ("F", "C", "Jp")}
        trial = before["F"] + H * before["C"] @ before["F"]
        tau = (before["C"] - now["C"]) * RHO * CELL**2 / (4 * H)
        found = {}
        for k, name in enumerate(self.materials):
            own = slice(k * PIECES, (k + 1) * PIECES)
            found[name] = Deformed(trial[own], now["F"][own], now["Jp"][own], tau[own])
        return found


def svd(F: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """U, S, V^T with U and V rotations."""
    u, s, vt = np.linalg.svd(F)
    left, right = np.sign(np.linalg.det(u)), np.sign(np.linalg.det(vt))
    u[..., :, 2] *= left[..., None]
    vt[..., 2, :] *= right[..., None]
    s = s.copy()
    s[..., 2] *= left * right
    return u, s, vt


def composed(u: np.ndarray, s: np.ndarray, vt: np.ndarray) -> np.ndarray:
    """U diag(s) V^T."""
    return u @ (s[..., None] * vt)


def expected(
    material: MPM.Base, trial: np.ndarray, C: np.ndarray, Jp: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """F, Jp and tau by the docstrings of `genesis_state/materials/mpm.py`."""
    mu, lam = float(material.mu or 0.0), float(material.lam or 0.0)
    one = np.eye(3)
    u, s, vt = svd(trial)
    J = s.prod(axis=-1)
    volume = lam * (J * (J - 1))[:, None, None] * one
    if isinstance(material, MPM.Elastic):
        if material.model == "corotation":
            R = u @ vt
            return trial, Jp, 2 * mu * (trial - R) @ trial.transpose(0, 2, 1) + volume
        log = np.log(np.maximum(J, 1e-300))[:, None, None]
        return trial, Jp, mu * (trial @ trial.transpose(0, 2, 1) - one) + lam * log * one
    if isinstance(material, MPM.Liquid):
        F = np.cbrt(J)[:, None, None] * one
        viscous = mu * H * (C + C.transpose(0, 2, 1)) if material.viscous else 0.0
        return F, Jp, volume + viscous
    strain = np.log(np.maximum(np.abs(s), 1e-4))
    if isinstance(material, MPM.Sand):
        strain = strain + Jp[:, None] / 3
        trace = strain.sum(axis=-1)
        deviator = strain - trace[:, None] / 3
        length = np.linalg.norm(deviator, axis=-1)
        excess = length + (3 * lam + 2 * mu) / (2 * mu) * trace * material.alpha
        part = np.where(excess > 0, excess, 0.0) / np.maximum(length, 1e-300)
        strain = np.where(trace[:, None] < 0, strain - part[:, None] * deviator, 0.0)
        tau = 2 * mu * strain + lam * strain.sum(axis=-1)[:, None]
        left = np.where(trace < 0, 0.0, trace)
        return composed(u, np.exp(strain), vt), left, composed(u, tau, u.transpose(0, 2, 1))
    hard = 1.0
    if isinstance(material, MPM.ElastoPlastic) and material.use_von_mises:
        deviator = strain - strain.mean(axis=-1, keepdims=True)
        length = np.linalg.norm(deviator, axis=-1, keepdims=True)
        y = material.von_mises_yield_stress / (2 * mu)
        s = np.where(length > y, np.exp(strain - (1 - y / np.maximum(length, y)) * deviator), s)
    else:
        assert isinstance(material, MPM.ElastoPlastic)
        before = s.prod(axis=-1)
        s = np.clip(s, 1 - material.yield_lower, 1 + material.yield_higher)
        if isinstance(material, MPM.Snow):
            Jp = Jp * before / s.prod(axis=-1)
            hard = np.exp(10 * (1 - Jp))[:, None]
    J = s.prod(axis=-1, keepdims=True)
    tau = hard * (2 * mu * (s - 1) * s + lam * J * (J - 1))
    return composed(u, s, vt), Jp, composed(u, tau, u.transpose(0, 2, 1))


def laws() -> list[Figure]:
    """Random deformations of several sizes, with and without a plastic past."""
    precise = gs.tc_float == torch.float64
    materials = every_material(E=E, rho=RHO)
    pieces = Pieces(materials)
    rng = np.random.default_rng(0)
    worst: dict[str, list[float]] = {name: [] for name in ("F", "Jp", "tau")}
    for size in (1e-3, 1e-2, 0.1, 0.3):
        u, _, vt = svd(rng.normal(size=(PIECES, 3, 3)))
        F = u @ vt @ (np.eye(3) + size * rng.uniform(-1, 1, size=(PIECES, 3, 3)))
        C = 0.2 * size / H * rng.uniform(-1, 1, size=(PIECES, 3, 3))
        past = {"snow": rng.uniform(0.8, 1.1, PIECES), "sand": rng.uniform(0, size, PIECES)}
        for Jp in ({}, past):
            for name, found in pieces.deform(F, C, Jp).items():
                rest = np.full(PIECES, 0.0 if name == "sand" else 1.0)
                wanted = expected(materials[name], found.trial, C, Jp.get(name, rest))
                worst["F"].append(float(np.abs(found.F - wanted[0]).max()))
                worst["Jp"].append(float(np.abs(found.Jp - wanted[1]).max()))
                worst["tau"].append(float(np.abs(found.tau - wanted[2]).max() / (E * size)))
    source = "formulas of the docstrings, numpy.linalg.svd; each material, strains 0.001 to 0.3"
    limits = (1e-13, 1e-13, 1e-10) if precise else (2e-6, 2e-6, 5e-3)
    return [
        most("elastic F after a substep", worst["F"], limits[0], source),
        most("plastic volume after a substep", worst["Jp"], limits[1], source),
        most("stress / (E strain)", worst["tau"], limits[2], source),
    ]


def yields() -> list[Figure]:
    """Test pieces that are sheared, compressed and stretched step by step until they yield."""
    materials = {
        "metal": MPM.ElastoPlastic(E=E, rho=RHO, von_mises_yield_stress=2000.0),
        "clamped": MPM.ElastoPlastic(E=E, rho=RHO, use_von_mises=False),
        "snow": MPM.Snow(E=E, rho=RHO),
        "sand": MPM.Sand(E=E, rho=RHO, friction_angle=35.0),
    }
    pieces = Pieces(materials)

    def pulled(rate: np.ndarray, steps: int, F: np.ndarray) -> dict[str, Deformed]:
        """After so many substeps, each of which deforms by `rate`."""
        found: dict[str, Deformed] = {}
        Jp: dict[str, np.ndarray] = {}
        for _ in range(steps):
            found = pieces.deform(F, rate / H, Jp)
            F = np.stack([found[name].F for name in materials])
            Jp = {name: found[name].Jp for name in materials}
        return found

    one = np.eye(3)
    shear = np.zeros((3, 3))
    shear[0, 1] = 2e-3
    tau = pulled(shear, 40, one)["metal"].tau[0]
    plateau = np.linalg.norm(tau - np.trace(tau) / 3 * one)
    stretched = pulled(np.diag((2e-3, 0.0, 0.0)), 20, one)["clamped"].F[0]
    squeezed = pulled(-4e-3 * one, 20, one)["snow"]
    clamp = 1 - materials["snow"].yield_lower
    Jp = (1 - 4e-3) ** 60 / clamp**3
    lam, mu = float(materials["snow"].lam or 0), float(materials["snow"].mu or 0)
    pressure = 2 * mu * (clamp - 1) * clamp + lam * clamp**3 * (clamp**3 - 1)
    # Squeezed along z between walls that give way: two stresses alike, the third larger.
    strained = pulled(np.diag((2e-3, 2e-3, -4e-3)), 20, 0.98 * one)["sand"].tau[0]
    low, _, high = np.sort(-np.linalg.eigvalsh(strained))
    tolerance = 1e-9 if gs.tc_float == torch.float64 else 1e-4
    return [
        Figure(
            "metal in simple shear, length of its deviatoric stress [Pa]",
            float(plateau),
            2000.0,
            2e-3,  # it yields by its logarithmic strain, its stress is that of the stretch
            "von_mises_yield_stress",
        ),
        Figure(
            "clamped metal, stretched by 4 %, elastic stretch",
            float(np.linalg.svd(stretched)[1][0]),
            1 + materials["clamped"].yield_higher,
            tolerance,
            "1 + yield_higher",
        ),
        Figure(
            "snow squeezed to 0.92 along each axis, plastic volume",
            float(squeezed.Jp[0]),
            Jp,
            tolerance,
            "Stomakhin et al. 2013, J / (1 - yield_lower)^3",
        ),
        Figure(
            "its pressure [Pa]",
            float(-np.trace(squeezed.tau[0]) / 3),
            float(-pressure * math.exp(10 * (1 - Jp))),
            tolerance,
            "the same, hardened by exp(10 (1 - Jp))",
        ),
        Figure(
            "friction angle of sand in triaxial compression [degrees]",
            math.degrees(math.asin((high - low) / (high + low))),
            35.0,
            tolerance,
            "friction_angle, Klar et al. 2016",
        ),
    ]
