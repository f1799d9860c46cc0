"""What a rigid entity knows once its scene is built, and the way of its calls in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genesis_state.entities.entity import Binding, Entity
from genesis_state.entities.inputs import ColumnReader
from genesis_state.materials import Rigid
from genesis_state.solvers.rigid.solver import RigidSolver
from genesis_state.solvers.rigid.unsupported import JOINTS

if TYPE_CHECKING:
    from genesis_state.scene import Scene

DOFS_OF_JOINT = {"free": 6, "ball": 3, "slide": 1, "hinge": 1}


class RigidBinding(Binding[RigidSolver]):
    """What a rigid entity knows once its scene is built.

    Args:
        scene: Its scene.
        name: Its name.

    Attributes:
        part: Where the entity's elements lie among the scene's.
        joint_types: "free", "ball", "slide" or "hinge" of each joint.
        joint_dofs, joint_qs: The first dof and coordinate of each joint, within the entity.
        servo: For each dof whether PD control can drive it: it is a hinge's or slide's.
    """

    def __init__(self, scene: Scene, name: str):
        solver: RigidSolver = scene.rigid_solver
        mj = solver.compiled.mj
        part = self.part = next(p for p in solver.compiled.entities if p.name == name)
        columns = {
            noun: ColumnReader(
                name,
                noun,
                getattr(part, f"{noun}_start"),
                getattr(part, f"{noun}_end") - getattr(part, f"{noun}_start"),
                scene.device,
            )
            for noun in ("dof", "q", "link", "joint", "actuator", "geom", "site", "mocap")
        }
        # Of variables that have an entry for the world: a link's is one further on.
        links = part.link_end - part.link_start
        columns["body"] = ColumnReader(name, "link", part.link_start + 1, links, scene.device)
        super().__init__(scene, solver, columns)
        at = part.at("joint")
        self.joint_types = [JOINTS[int(kind)] for kind in mj.jnt_type[at]]
        self.joint_dofs = [int(i) - part.dof_start for i in mj.jnt_dofadr[at]]
        self.joint_qs = [int(i) - part.q_start for i in mj.jnt_qposadr[at]]
        self.servo = [
            kind in ("slide", "hinge")
            for kind in self.joint_types
            for _ in range(DOFS_OF_JOINT[kind])
        ]
        self.all_servo = all(self.servo)
        self.dof_joint = [int(j) - part.joint_start for j in mj.dof_jntid[part.at("dof")]]
        # A free joint is only ever the first one of a link that hangs in the world.
        self.free_base = bool(part.links) and bool(
            mj.body_dofnum[part.link_start + 1] == DOFS_OF_JOINT["free"]
            and self.joint_types[0] == "free"
        )


class RigidAccess(Entity[RigidBinding, Rigid]):
    """Base of the parts of a rigid entity."""

    def _bind(self) -> RigidBinding:
        return RigidBinding(self.scene, self.name)

    def _require_servo(self, call: str, dofs: tuple[int, ...], advice: str = "") -> None:
        """Refuses dofs that are no hinges' or slides'."""
        bound = self._bound
        wrong = [i for i in dofs if not bound.servo[i]]
        if wrong:
            joint = bound.dof_joint[wrong[0]]
            raise ValueError(
                f"{self.name}.{call}: dofs {wrong} are of {bound.joint_types[joint]} joint "
                f"{bound.part.joints[joint]!r}, needs hinges or slides; name those in "
                f"dofs_idx_local{advice}."
            )
