"""Small MJCF models, each for something that tendons do."""

from tests.rigid_models import BOX, LIMB, mjcf

# A tree that branches, a ball, a slider and a free body, each with places to tie a string to.
TIED = f"""
<site name="hook" pos="0.2 0.3 1.2"/><site name="nail" pos="-0.3 0.2 0.9"/>
<body name="arm"><joint name="shoulder" axis="0 1 0.2" damping="0.3"/>{LIMB}
  <site name="shoulder" pos="0.1 0 0.1"/>
  <body name="forearm" pos="0.3 0 0.1">
    <joint name="elbow" axis="1 0 0" pos="0.02 0 0" armature="0.03"/>
    {LIMB}
    <site name="hand" pos="0.3 0.02 0.1"/></body>
  <body name="branch" pos="0.1 0.2 0"><joint name="branch" axis="0 0 1"/>{LIMB}
    <site name="twig" pos="0.2 0.1 0"/></body>
</body>
<body name="pendulum" pos="0 1 0"><joint name="ball" type="ball" damping="0.05" armature="0.03"/>
    {LIMB}
  <site name="tip" pos="0.3 0 0"/></body>
<body name="cart" pos="0 2 0"><joint name="cart" type="slide" axis="1 0 0"/>{BOX}
  <site name="cart" pos="0 0 0.1"/></body>
<body name="free" pos="1 0 1"><freejoint/>{BOX}<site name="corner" pos="0.1 0.06 0.04"/></body>
"""


def fixed(given: str, *joints: tuple[str, float], name: str = "") -> str:
    """A tendon that is a sum of joint coordinates."""
    parts = "".join(f'<joint joint="{joint}" coef="{coef}"/>' for joint, coef in joints)
    return f"<fixed {named(name)} {given}>{parts}</fixed>"


def spatial(given: str, *places: str | float, name: str = "") -> str:
    """A tendon through sites; a number is a pulley with that divisor."""
    parts = "".join(
        f'<site site="{place}"/>' if isinstance(place, str) else f'<pulley divisor="{place}"/>'
        for place in places
    )
    return f"<spatial {named(name)} {given}>{parts}</spatial>"


def named(name: str) -> str:
    return f'name="{name}"' if name else ""


def tied(*tendons: str, rest: str = "") -> str:
    """The bodies above with these tendons."""
    return mjcf(TIED, f"<tendon>{''.join(tendons)}</tendon>{rest}")


ARM = (("shoulder", 0.7), ("elbow", -1.2), ("cart", 0.5))
BRANCHES = ("hook", "shoulder", "hand", "twig")
TACKLE = ("nail", "hand", 2.0, "tip", "hook", 0.5, "cart", "corner")

MODELS = {
    # Springs with one rest length and with a slack range, dampers also between branches of a tree
    # and between trees, pulleys, polynomials.
    "tendon_springs": tied(
        fixed('stiffness="8" damping="0.4"', *ARM),
        fixed('stiffness="5 3 2" damping="0.2 0.05 0.02" springlength="-0.2 0.1"', *ARM[1:]),
        spatial('stiffness="9 1 4" damping="0.3 0.1 0.05" springlength="0.4"', *BRANCHES),
        spatial('stiffness="3" damping="0.5" springlength="0.2 5"', *TACKLE),
        spatial('damping="0.6"', "corner", "nail"),
    ),
    "tendon_armature": tied(
        fixed('armature="0.3"', *ARM),
        spatial('armature="0.2"', *BRANCHES),
        spatial('armature="0.5" damping="0.2"', *TACKLE),
        spatial('armature="0.4"', "corner", "nail"),
    ),
    # Limits with margins in which both act, in both forms of solref; dry friction beside them.
    "tendon_limits": tied(
        fixed('range="-0.1 0.1" margin="0.5" solreflimit="-300 -8"', *ARM),
        spatial('range="0 2" solimplimit="0.5 0.9 0.4 0.3 3"', *BRANCHES),
        spatial('range="6.4 6.6" margin="0.2" solreflimit="0.05 1.3"', *TACKLE),
    ),
    "tendon_friction": tied(
        fixed('frictionloss="0.4"', *ARM),
        spatial('frictionloss="2" solreffriction="0.03 1" range="0.1 0.9"', *BRANCHES),
        spatial('frictionloss="30" solimpfriction="0.8 0.9 0.1 0.5 2"', *TACKLE),
    ),
    "tendon_equalities": tied(
        fixed("", *ARM, name="sum"),
        fixed("", ARM[2], name="cart"),
        spatial("", *BRANCHES, name="branches"),
        spatial("", *TACKLE, name="tackle"),
        rest='<equality><tendon tendon1="sum" tendon2="cart" polycoef="0.1 0.8 -0.3 0.2 0.1"/>'
        '<tendon tendon1="tackle" tendon2="branches" polycoef="0 0.5 0.1 0 0" solref="0.05 0.9"/>'
        '<tendon tendon1="branches" polycoef="0.02 0 0 0 0"/>'
        '<connect body1="forearm" body2="free" anchor="0.1 0.2 0.05"/></equality>',
    ),
    # Actuators on tendons: servos with damping, also between branches; a limit that two share, met
    # and not, beside a limit of their own; damping and armature of an actuator.
    "tendon_actuators": tied(
        fixed('actuatorfrcrange="-3 2"', *ARM, name="sum"),
        spatial("", *BRANCHES, name="branches"),
        spatial('actuatorfrcrange="-1 50"', *TACKLE, name="tackle"),
        spatial("", "corner", "nail", name="rope"),
        rest="<actuator>"
        '<position tendon="sum" kp="20" kv="2" gear="1.5"/><motor tendon="sum" gear="3"/>'
        '<position tendon="branches" kp="40" kv="3"/>'
        '<motor tendon="tackle" gear="5" forcerange="-0.5 0.5"/><velocity tendon="tackle" kv="2"/>'
        '<general tendon="rope" dyntype="filter" dynprm="0.05" gainprm="4" damping="0.3"'
        ' armature="0.2"/></actuator>',
    ),
}
