"""What a rigid entity knows once its scene is built, and the way of its calls in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from genesis_state.entities.entity import Binding, Entity
from genesis_state.entities.inputs import ColumnReader
from genesis_state.materials import Rigid
from genesis_state.solvers.rigid import contact_readings
from genesis_state.solvers.rigid.entity_range import FAMILIES, EntityRange
from genesis_state.solvers.rigid.solver import RigidSolver
from genesis_state.solvers.rigid.unsupported import JOINTS

if TYPE_CHECKING:
    from genesis_state.entities.rigid_entity import RigidEntity
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
        bodies: Its links, as `contact_readings.marks` of them.
        servo: For each dof whether PD control can drive it: it is a hinge's or slide's.
    """

    def __init__(self, scene: Scene, name: str):
        solver: RigidSolver = scene.rigid_solver
        mj = solver.compiled.mj
        part = self.part = next(p for p in solver.compiled.entities if p.name == name)
        columns = {
            noun: ColumnReader(name, noun, _places(part, noun), scene.device) for noun in FAMILIES
        }
        # Of variables that have an entry for the world: a link's is one further on.
        bodies = _places(part, "link", 1)
        columns["body"] = ColumnReader(name, "link", bodies, scene.device)
        super().__init__(scene, solver, columns)
        at = part.at("joint")
        self.joint_types = [JOINTS[int(kind)] for kind in mj.jnt_type[at]]
        self.joint_dofs = part.local("dof", mj.jnt_dofadr[at]).tolist()
        self.joint_qs = part.local("q", mj.jnt_qposadr[at]).tolist()
        self.servo = [
            kind in ("slide", "hinge")
            for kind in self.joint_types
            for _ in range(DOFS_OF_JOINT[kind])
        ]
        self.all_servo = all(self.servo)
        self.dof_joint = part.local("joint", mj.dof_jntid[part.at("dof")]).tolist()
        self.bodies = contact_readings.marks(solver, part.at("link"))
        # A free joint is only ever the first one of a link that hangs in the world.
        self.free_base = bool(part.links) and bool(
            mj.body_dofnum[part.link_start + 1] == DOFS_OF_JOINT["free"]
            and self.joint_types[0] == "free"
        )


def _places(part: EntityRange, family: str, shift: int = 0) -> Sequence[int]:
    """Where its elements of a family are, as a range if they are one piece."""
    whole = part.whole(family)
    if part.in_one_piece(family):
        return range(whole.start + shift, whole.stop + shift)
    return (part.places[family] + shift).tolist()


class RigidAccess(Entity[RigidBinding, Rigid]):
    """Base of the parts of a rigid entity.

    Attributes:
        attached_to: The entity that carries it and the name of the link, None for the last one; or
            None if it is not attached to another.
    """

    attached_to: tuple[RigidEntity, str | None] | None = None

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
