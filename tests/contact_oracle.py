"""MuJoCo C as the oracle of contact: the same compiled model, from the same states in contact.

Models stand in one scene, each with a floor of its own and touching itself and that floor alone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import mujoco
import mujoco.rollout
import numpy as np
import torch

import genesis_state as gs
from tests.oracle import error

DM_CONTROL = ("cheetah", "walker", "humanoid", "quadruped", "dog")

PLANE, SPHERE, CAPSULE = (
    int(getattr(mujoco.mjtGeom, f"mjGEOM_{name}")) for name in ("PLANE", "SPHERE", "CAPSULE")
)
# Pairs for which there is one set of contacts, whoever computes it.
UNIQUE = {(PLANE, SPHERE), (PLANE, CAPSULE), (SPHERE, SPHERE), (SPHERE, CAPSULE), (CAPSULE,) * 2}

RUNS = 25  # random starts of MuJoCo; environments are moments of them


def dm_control_models() -> dict[str, Path]:
    """Some MJCF files inside the dm_control wheel, by name; empty if it is not installed."""
    spec = find_spec("dm_control")
    if spec is None or spec.origin is None:
        return {}
    folder = Path(spec.origin).parent / "suite"
    return {f"dm_control {name}": folder / f"{name}.xml" for name in DM_CONTROL}


def apart(models: Mapping[str, Path], folder: Path) -> dict[str, Path]:
    """The models as files whose geoms touch only those of the same model; each has a floor.

    Args:
        models: MJCF files by name, at most 31.
        folder: Where to write.
    """
    plane = mujoco.mjtGeom.mjGEOM_PLANE
    found = {}
    for i, (name, path) in enumerate(models.items()):
        spec = mujoco.MjSpec.from_file(str(path))
        if not any(geom.type == plane and geom.contype for geom in spec.worldbody.geoms):
            spec.worldbody.add_geom(type=plane, size=[0, 0, 1])
        for geom in spec.geoms:
            geom.contype <<= i
            geom.conaffinity <<= i
        for kind in ("meshdir", "texturedir"):  # they are found from another folder
            setattr(spec, kind, str(path.parent / getattr(spec, kind)))
        spec.compile()
        found[name] = folder / f"{name.replace(' ', '_')}_apart.xml"
        found[name].write_text(spec.to_xml())
    return found


@dataclass
class Touching:
    """A scene in states of contact, and its oracle.

    Attributes:
        mj: The model with contacts, solved to the end.
        physics: States as rows of time, positions, velocities, activations.
        warmstart: Accelerations where both solvers start.
    """

    scene: gs.Scene
    mj: mujoco.MjModel
    physics: np.ndarray
    ctrl: np.ndarray
    warmstart: np.ndarray

    def parts(self) -> dict[str, tuple[slice, slice]]:
        """Bodies and dofs of each model in MuJoCo, by name."""
        found = {}
        for part in self.scene.rigid_solver.compiled.entities:
            found[part.name] = (slice(part.link_start + 1, part.link_end + 1), part.at("dof"))
        return found

    def start(self) -> None:
        """Puts the scene into the states."""
        self.scene.reset()
        state = self.scene.get_state()
        rigid, nq, nv = state.rigid, self.mj.nq, self.mj.nv
        for name, value in (
            ("qpos", self.physics[:, 1 : 1 + nq]),
            ("dofs_vel", self.physics[:, 1 + nq : 1 + nq + nv]),
            ("act", self.physics[:, 1 + nq + nv :]),
            ("dofs_acc", self.warmstart),
            ("ctrl", self.ctrl),
        ):
            getattr(rigid, name).copy_(torch.from_numpy(value))
        self.scene.reset(state=state)

    def reference(self) -> Iterator[mujoco.MjData]:
        """MuJoCo's data in each state in turn."""
        for row, ctrl, warmstart in zip(self.physics, self.ctrl, self.warmstart, strict=True):
            data = mujoco.MjData(self.mj)
            mujoco.mj_setState(self.mj, data, row, mujoco.mjtState.mjSTATE_FULLPHYSICS.value)
            data.ctrl[:], data.qacc_warmstart[:] = ctrl, warmstart
            yield data

    def read(self, name: str) -> np.ndarray:
        """A variable of the rigid solver in 64 bits, shape (n_envs, …)."""
        return self.scene.rigid_solver.arena.get(name).double().numpy()

    def contacts(self) -> list[dict[tuple[int, int], np.ndarray]]:
        """Ours: for each environment and pair of geoms, rows of position, normal and distance."""
        solver = self.scene.rigid_solver
        geoms = solver.touching.geoms[solver.touching.pairs]
        counts, pairs = self.read("n_contacts").astype(int), self.read("contact_pair").astype(int)
        pos, normal, dist = (self.read(f"contact_{name}") for name in ("pos", "normal", "dist"))
        rows = np.concatenate([pos, normal, dist[..., None]], axis=-1)
        found = []
        for e, n in enumerate(counts):
            keys = [tuple(int(g) for g in geoms[pair]) for pair in pairs[e, :n]]
            found.append(_grouped(keys, rows[e, :n]))
        return found


def build(
    models: Mapping[str, Path],
    n_envs: int,
    *,
    integrator: str = "implicitfast",
    solver: str = "Newton",
    cone: str = "pyramidal",
    impratio: float = 1.0,
    dt: float = 0.002,
    jolt: float = 0.003,
    window: tuple[float, float] = (0.05, 0.8),
    spread: float = 0.1,
    speed: float = 0.3,
    max_contacts: int | None = None,
) -> Touching:
    """All models in one scene, each environment another moment of things falling and resting.

    Args:
        models: MJCF files by name, see `apart`.
        n_envs: Number of environments.
        integrator, solver, cone: Names of `gs.integrator`, `gs.constraint_solver` and `gs.cone`,
            for all.
        impratio: Stiffness of friction over that of the normal force.
        dt: Time step [s].
        jolt: Standard deviation by which positions [m, rad] differ from those of the run, so that
            things overlap and part; a hundred times as much for velocities.
        window: The earliest and the latest moment [s].
        spread: Standard deviation of the positions in which runs start.
        speed: That of their velocities and controls.
        max_contacts: Room for contacts, see `gs.options.RigidOptions`.
    """
    options = gs.options.RigidOptions(
        integrator=integrator,
        constraint_solver=solver,
        cone=cone,
        impratio=impratio,
        iterations=100,
        tolerance=1e-14 if gs.tc_float == torch.float64 else 1e-8,
        ls_iterations=50,
        ls_tolerance=0.01,
        noslip_iterations=0,  # of one model, which would hold for all
        max_contacts=max_contacts,
    )
    scene = gs.Scene(sim_options=gs.options.SimOptions(dt=dt), rigid_options=options)
    for name, path in models.items():
        scene.add_entity(gs.morphs.MJCF(file=path), name=name)
    scene.build(n_envs=n_envs)
    mj = scene.rigid_solver.mj_model
    mj.opt.tolerance = 1e-14
    # MuJoCo 4.0.0 factors a sparse Hessian wrongly (its release notes of 4.0.1).
    mj.opt.jacobian = mujoco.mjtJacobian.mjJAC_DENSE
    return Touching(scene, mj, *_states(mj, n_envs, jolt, window, spread, speed))


def _states(
    mj: mujoco.MjModel,
    n_envs: int,
    jolt: float,
    window: tuple[float, float],
    spread: float,
    speed: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Physics, controls and warm starts of random moments."""
    random = np.random.default_rng(0)
    integrator, mj.opt.integrator = mj.opt.integrator, mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    runs = min(RUNS, n_envs)
    first, last = (max(1, round(t / mj.opt.timestep)) for t in window)
    starts = np.tile(np.concatenate([[0], mj.qpos0, np.zeros(mj.nv + mj.na)]), (runs, 1))
    for row in starts:
        mujoco.mj_integratePos(mj, row[1 : 1 + mj.nq], spread * random.normal(size=mj.nv), 1.0)
        row[1 + mj.nq : 1 + mj.nq + mj.nv] = speed * random.normal(size=mj.nv)
    ctrl = speed * random.normal(size=(runs, mj.nu))
    seen = np.empty((runs, last, starts.shape[1]))
    with mujoco.rollout.Rollout(nthread=2) as pool:
        data = [mujoco.MjData(mj) for _ in range(2)]
        controls = np.repeat(ctrl[:, None], last, axis=1)
        pool.rollout(mj, data, starts, controls, nstep=last, state=seen)
    mj.opt.integrator = integrator
    run = np.arange(n_envs) % runs
    physics = seen[run, random.integers(first - 1, last, n_envs)]
    physics[:, 0] = 0.0
    for row in physics:
        mujoco.mj_integratePos(mj, row[1 : 1 + mj.nq], jolt * random.normal(size=mj.nv), 1.0)
        row[1 + mj.nq : 1 + mj.nq + mj.nv] += 100 * jolt * random.normal(size=mj.nv)
    return physics, ctrl[run], np.zeros((n_envs, mj.nv))


@dataclass
class Patches:
    """Contacts of other pairs of shapes: only the deepest one of a pair is compared.

    The depth of two convex shapes is the least overlap along any direction, which its normal
    attains. Two directions may be almost equally good: then normals differ while both are right.

    Attributes:
        depth: Differences of the deepest distance [m], one for each pair.
        normal: Distances of the unit normals there.
        untrue: How far our depth is from the overlap along our normal [m].
        theirs: How far MuJoCo's is from that along its own [m].
        excess: How much our overlap is above MuJoCo's [m].
    """

    depth: list[float] = field(default_factory=list)
    normal: list[float] = field(default_factory=list)
    untrue: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)
    excess: list[float] = field(default_factory=list)


@dataclass
class Errors:
    """How far one model is from the oracle.

    Attributes:
        qacc: Largest normwise error of the accelerations where every contact has one solution.
        qacc_others: The same where some contact is between other shapes.
        pos: Largest distance of two contacts that belong together [m].
        normal: Largest distance of their unit normals.
        dist: Largest difference of their distances [m].
        contacts: How many of MuJoCo's contacts were compared.
        ties: Environments left out: a pair is exactly as far apart as it may be to touch, and the
            last bit decided otherwise.
        missed: Environments and pairs of geoms whose numbers of contacts differ, with both.
        patches: Pairs of other shapes, by the names of the two.
        unlike: Of these, environments and pairs that touch on one side alone.
    """

    qacc: float = 0.0
    qacc_others: float = 0.0
    pos: float = 0.0
    normal: float = 0.0
    dist: float = 0.0
    contacts: int = 0
    ties: int = 0
    missed: list[str] = field(default_factory=list)
    patches: dict[str, Patches] = field(default_factory=dict)
    unlike: list[str] = field(default_factory=list)


def compare(case: Touching) -> dict[str, Errors]:
    """One step of every environment beside MuJoCo's, by model."""
    case.start()
    case.scene.step()
    acc, ours = case.read("dofs_acc"), case.contacts()
    errors = {name: Errors() for name in case.parts()}
    for env, data in enumerate(case.reference()):
        mujoco.mj_step(case.mj, data)
        theirs = _of_mujoco(data)
        for name, (bodies, dofs) in case.parts().items():
            here = errors[name]
            mine = _within(case.mj, ours[env], bodies)
            wanted = _within(case.mj, theirs, bodies)
            qacc = error(acc[env, dofs], data.qacc[dofs])
            both = {
                pair: (mine.get(pair, _NONE), wanted.get(pair, _NONE))
                for pair in sorted(mine.keys() | wanted.keys())
            }
            if qacc > 1e-6 and any(_tie(case.mj, pair, *rows) for pair, rows in both.items()):
                here.ties += 1
                continue
            unique = [_compare_pair(case.mj, data, here, env, pair, *both[pair]) for pair in both]
            key = "qacc" if all(unique) else "qacc_others"
            setattr(here, key, max(getattr(here, key), qacc))
    return errors


_NONE = np.zeros((0, 7))


def _of_mujoco(data: mujoco.MjData) -> dict[tuple[int, int], np.ndarray]:
    """MuJoCo's contacts as `Touching.contacts` gives ours."""
    keys = [(int(a), int(b)) for a, b in data.contact.geom]
    rows = np.concatenate(
        [data.contact.pos, data.contact.frame[:, :3], data.contact.dist[:, None]], axis=1
    )
    return _grouped(keys, rows)


def _grouped(keys: list[tuple[int, ...]], rows: np.ndarray) -> dict[tuple[int, int], np.ndarray]:
    found: dict[tuple[int, int], list[np.ndarray]] = {}
    for (a, b), row in zip(keys, rows, strict=True):
        found.setdefault((a, b), []).append(row)
    return {key: np.array(value) for key, value in found.items()}


def _within(
    mj: mujoco.MjModel, found: Mapping[tuple[int, int], np.ndarray], bodies: slice
) -> dict[tuple[int, int], np.ndarray]:
    """Contacts of which a geom is on one of the bodies."""
    inside = range(bodies.start, bodies.stop)
    return {
        pair: rows
        for pair, rows in found.items()
        if any(int(mj.geom_bodyid[geom]) in inside for geom in pair)
    }


def _tie(mj: mujoco.MjModel, pair: tuple[int, int], mine: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether only the last bit decides if two geoms touch."""
    reach = mj.geom_margin[list(pair)].sum()
    return bool((np.abs(np.array([*mine, *wanted])[:, 6] - reach) < 1e-12).any())


def _reach(mj: mujoco.MjModel, data: mujoco.MjData, geom: int, n: np.ndarray) -> float:
    """How far a geom extends along a direction [m]."""
    turn = data.geom_xmat[geom].reshape(3, 3)
    size, local = mj.geom_size[geom], turn.T @ n
    kind = mujoco.mjtGeom(int(mj.geom_type[geom])).name.removeprefix("mjGEOM_")
    if kind == "PLANE":
        # Its points are all those behind it, so only one direction makes sense.
        return float(n @ data.geom_xpos[geom]) if local[2] > 1 - 1e-9 else np.inf
    if kind == "MESH":
        start = mj.mesh_vertadr[mj.geom_dataid[geom]]
        vertices = mj.mesh_vert[start : start + mj.mesh_vertnum[mj.geom_dataid[geom]]]
        extent = (vertices @ local).max()
    elif kind == "CYLINDER":
        extent = size[0] * np.hypot(local[0], local[1]) + size[1] * abs(local[2])
    else:
        extent = {
            "SPHERE": size[0],
            "CAPSULE": size[0] + size[1] * abs(local[2]),
            "ELLIPSOID": np.linalg.norm(size * local),
            "BOX": size @ np.abs(local),
        }[kind]
    return float(n @ data.geom_xpos[geom] + extent)


def _overlap(
    mj: mujoco.MjModel, data: mujoco.MjData, pair: tuple[int, int], n: np.ndarray
) -> float:
    """How far two geoms overlap along a direction from the first to the second [m]."""
    return _reach(mj, data, pair[0], n) + _reach(mj, data, pair[1], -n)


def _compare_pair(
    mj: mujoco.MjModel,
    data: mujoco.MjData,
    here: Errors,
    env: int,
    pair: tuple[int, int],
    mine: np.ndarray,
    wanted: np.ndarray,
) -> bool:
    """Notes how far the contacts of one pair are apart; returns whether they are unique."""
    types = tuple(sorted(int(mj.geom_type[geom]) for geom in pair))
    text = f"environment {env}, geoms {pair}: {len(mine)}, MuJoCo has {len(wanted)}"
    if len(mine) != len(wanted) and _tie(mj, pair, mine, wanted):
        return types in UNIQUE
    if types not in UNIQUE:
        if not len(mine) or not len(wanted):
            here.unlike.append(text)
            return False
        names = [mujoco.mjtGeom(t).name.removeprefix("mjGEOM_").lower() for t in types]
        patches = here.patches.setdefault("-".join(names), Patches())
        a, b = (rows[rows[:, 6].argmin()] for rows in (mine, wanted))
        patches.depth.append(float(abs(a[6] - b[6])))
        patches.normal.append(float(np.linalg.norm(a[3:6] - b[3:6])))
        overlap, least = (_overlap(mj, data, pair, row[3:6]) for row in (a, b))
        patches.untrue.append(abs(overlap + float(a[6])))
        patches.theirs.append(abs(least + float(b[6])))
        patches.excess.append(overlap - least)
        return False
    if len(mine) != len(wanted):
        here.missed.append(text)
    here.contacts += len(wanted)
    for row in wanted:
        if not len(mine):
            break
        nearest = int(np.linalg.norm(mine[:, :3] - row[:3], axis=1).argmin())
        gap = np.abs(mine[nearest] - row)
        mine = np.delete(mine, nearest, axis=0)
        here.pos = max(here.pos, float(gap[:3].max()))
        here.normal = max(here.normal, float(gap[3:6].max()))
        here.dist = max(here.dist, float(gap[6]))
    return True


def resting_errors(case: Touching, seconds: float) -> dict[str, np.ndarray]:
    """Distance of every link from MuJoCo's after some time [m], shape (n_envs, links), by model."""
    case.start()
    for _ in range(round(seconds / case.scene.dt)):
        case.scene.step()
    pos = case.read("links_pos")
    found = {name: [] for name in case.parts()}
    for env, data in enumerate(case.reference()):
        for _ in range(round(seconds / case.mj.opt.timestep)):
            mujoco.mj_step(case.mj, data)
        mujoco.mj_kinematics(case.mj, data)
        for name, (bodies, _) in case.parts().items():
            links = slice(bodies.start - 1, bodies.stop - 1)
            found[name].append(np.linalg.norm(pos[env, links] - data.xpos[bodies], axis=1))
    return {name: np.array(rows) for name, rows in found.items()}
