"""Small MJCF models, each for a part of the rigid solver that the example robots do not use."""


def mjcf(body: str, rest: str = "") -> str:
    """A model without contacts: its worldbody and whatever follows."""
    option = '<option timestep="0.004" solver="Newton"><flag contact="disable"/></option>'
    return f"<mujoco>{option}<worldbody>{body}</worldbody>{rest}</mujoco>"


LIMB = '<geom type="capsule" fromto="0 0 0 0.3 0.02 0.1" size="0.04" mass="0.8"/>'
BOX = '<geom type="box" size="0.1 0.06 0.04" pos="0.03 -0.02 0.05" mass="1.2"/>'

# A hinged arm, a body on a ball joint and a free body with its centre of mass off the origin.
THREE = f"""
<body name="arm"><joint name="shoulder" axis="0 1 0.2" damping="0.3"/>{LIMB}
  <site name="hand" pos="0.3 0.02 0.1" euler="20 30 -40"/>
  <body name="forearm" pos="0.3 0 0.1"><joint name="elbow" axis="1 0 0" pos="0.02 0 0"/>{LIMB}
  </body>
</body>
<body name="pendulum" pos="0 1 0"><joint name="ball" type="ball" damping="0.05"/>{LIMB}
  <site name="tip" pos="0.3 0 0" euler="-15 50 25"/></body>
<body name="free" pos="1 0 1"><freejoint/>{BOX}<site name="corner" pos="0.1 0.06 0.04"/></body>
"""


def equality(text: str) -> str:
    return mjcf(THREE, f"<equality>{text}</equality>")


def actuated(joint: str, actuator: str) -> str:
    body = (
        f'<body><joint name="a" {joint}/>{LIMB}<body pos="0.3 0 0"><joint name="b"/>{LIMB}</body>'
    )
    return mjcf(body + "</body>", f"<actuator>{actuator}</actuator>")


MODELS = {
    # Equalities between moving bodies: the rate of the Jacobian counts.
    "connect_bodies": equality('<connect body1="forearm" body2="free" anchor="0.1 0.2 0.05"/>'),
    "connect_ball_to_world": equality('<connect body1="pendulum" anchor="0.2 0.1 0.1"/>'),
    "connect_sites": equality('<connect site1="tip" site2="corner" solref="0.03 0.8"/>'),
    "weld_bodies": equality(
        '<weld body1="forearm" body2="free" anchor="0.1 0 0.2" torquescale="0.7"'
        ' relpose="0.1 0.2 0.3 0.7 0.1 0.5 0.5"/>'
    ),
    "weld_sites": equality('<weld site1="hand" site2="tip" solimp="0.8 0.95 0.01 0.4 3"/>'),
    "weld_free_to_world": equality('<weld body1="free" relpose="0 0 0.2 1 0.1 0.2 0.3"/>'),
    # Joint equalities: a quartic, a constant, and one that is switched off.
    "joint_equality": equality(
        '<joint joint1="elbow" joint2="shoulder" polycoef="0.1 0.8 -0.3 0.2 0.1"/>'
    ),
    "joint_constant": equality('<joint joint1="elbow" polycoef="0.3 0 0 0 0"/>'),
    "inactive": equality('<connect body1="arm" body2="free" anchor="0 0 0" active="false"/>'),
    # Limits: of a ball, with margins, in both forms of solref, for three powers of solimp.
    "ball_limit": mjcf(
        f'<body><joint type="ball" limited="true" range="0 40"/>{LIMB}</body>'
        f'<body pos="0 1 0"><joint type="ball" limited="true" range="0 20" margin="0.2"/>{BOX}'
        "</body>"
    ),
    "limit_margin": mjcf(
        f'<body><joint limited="true" range="-10 10" margin="0.5" solreflimit="-300 -8"/>{LIMB}'
        f'<body pos="0.3 0 0"><joint type="slide" limited="true" range="-0.1 0.2"'
        f' solimplimit="0.5 0.9 0.4 0.3 1"/>{LIMB}</body></body>'
    ),
    "limit_powers": mjcf(
        "".join(
            f'<body pos="0 {power} 0"><joint limited="true" range="-20 -10" axis="0 1 0"'
            f' solimplimit="0.4 0.97 1.5 0.6 {power}" solreflimit="0.05 1.3"/>{LIMB}</body>'
            for power in (1, 2, 3)
        )
    ),
    # Dry friction, sticking and sliding, beside limits.
    "friction": mjcf(
        f'<body><joint frictionloss="0.4" damping="0.1"/>{LIMB}<body pos="0.3 0 0">'
        f'<joint frictionloss="30" axis="1 0 0"/>{LIMB}<body pos="0.3 0 0"><joint frictionloss="2"'
        f' limited="true" range="-10 10" solreffriction="0.03 1"/>{LIMB}</body></body></body>'
    ),
    # Actuators: clipped, with activations, with damping for the implicit integrator.
    "position_servo": actuated(
        'damping="0.2" armature="0.01" actuatorfrcrange="-6 4" actuatorfrclimited="true"',
        '<position joint="a" kp="60" kv="3"/><velocity joint="a" kv="2" gear="1.5"/>'
        '<position joint="b" kp="300" kv="2" forcerange="-5 5"/>'
        '<motor joint="b" ctrlrange="-0.2 0.2"/>',
    ),
    "activations": actuated(
        'stiffness="3" springref="20"',
        '<general joint="a" dyntype="integrator" gainprm="5" biastype="affine" biasprm="0 -5 -1"'
        ' actlimited="true" actrange="-1 1"/>'
        '<general joint="b" dyntype="filter" dynprm="0.05" gainprm="4"/>'
        '<general joint="b" dyntype="filterexact" dynprm="0.02" gainprm="3" actearly="true"/>',
    ),
    "actuated_ball_and_free": mjcf(
        f'<body><joint name="ball" type="ball"/>{LIMB}</body>'
        f'<body pos="0 1 0"><freejoint name="free"/>{BOX}</body>',
        '<actuator><motor joint="ball" gear="1 -2 0.5"/>'
        '<motor joint="free" gear="1 2 3 0.1 0.2 0.3"/></actuator>',
    ),
    # Gravity compensation, as a passive force and as part of a limited actuator.
    "gravity_compensation": mjcf(
        f'<body gravcomp="0.6"><joint name="a" actuatorgravcomp="true" actuatorfrclimited="true"'
        f' actuatorfrcrange="-1 1"/>{LIMB}<body gravcomp="1" pos="0.3 0 0"><joint name="b"/>{LIMB}'
        "</body></body>",
        '<actuator><motor joint="a"/><motor joint="b"/></actuator>',
    ),
    # Springs on joints whose coordinates are quaternions.
    "springs": mjcf(
        f'<body><joint type="ball" stiffness="4" damping="0.1"/>{LIMB}</body>'
        f'<body pos="0 1 0"><joint type="free" stiffness="7" damping="0.2"/>{BOX}</body>'
        f'<body pos="0 2 0"><joint type="slide" axis="0 0 1" stiffness="50" springref="0.1"/>{BOX}'
        "</body>"
    ),
    # Bodies with two joints, one that carries a fixed child, and a free body with a child.
    "trees": mjcf(
        '<body><joint axis="0 0 1" pos="0.05 0 0"/><joint axis="0 1 0" pos="0 0.1 0" ref="15"/>'
        f"{LIMB}"
        f'<body pos="0.2 0 0" euler="10 20 30">{BOX}<body pos="0 0 0.2"><joint type="slide"/>{LIMB}'
        f'</body></body></body><body pos="0 1 0"><freejoint/>{BOX}<body pos="0.2 0 0">'
        f'<joint axis="0 1 0" armature="0.02"/>{LIMB}</body></body>'
    ),
    # Alone and free: implicitfast keeps the gyroscopic force.
    "free_body": mjcf(f'<body><joint type="free" damping="0.1" armature="0.02"/>{BOX}</body>'),
    # Transmissions: balls and free joints with lengths, in both frames, servos that wind up.
    "servos_of_balls": mjcf(
        f'<body><joint name="ball" type="ball"/>{LIMB}<body pos="0.3 0 0"><joint name="second"'
        f' type="ball"/>{BOX}</body></body><body pos="0 1 0"><freejoint name="free"/>{BOX}'
        f'<body pos="0.2 0 0"><joint/>{LIMB}</body></body>'
        f'<body pos="0 2 0"><freejoint name="lone"/>{BOX}</body>',
        '<actuator><position joint="ball" kp="20" kv="2" gear="1 -2 0.5" forcerange="-9 9"/>'
        '<velocity jointinparent="second" kv="3" gear="0.2 0.4 0.5"/>'
        '<intvelocity jointinparent="second" kp="6" gear="0 0.5 0"/>'
        '<general joint="free" gaintype="affine" gainprm="0.2 0 -0.3" biastype="affine"'
        ' biasprm="0.1 -1 -2" gear="0.1 0.3 0 0 0.2 0.1"/>'
        '<velocity jointinparent="lone" kv="2" gear="0.1 -0.2 0 0.5 0.3 0.1"/></actuator>',
    ),
    # Sites in the world's frame and in another's, in one tree and across, and slider-cranks.
    "site_actuators": mjcf(
        THREE,
        '<actuator><general site="hand" gear="0.3 0 1 0.2 0 0.4" biastype="affine"'
        ' biasprm="0 0 -2"/><position site="tip" refsite="hand" kp="9" kv="1"'
        ' gear="0.1 0.2 0.3 0.2 0 -0.1"/>'
        '<position site="tip" refsite="corner" kp="4" kv="0.5" gear="0 0 0 0.2 0.6 -0.1"/>'
        '<intvelocity site="corner" refsite="tip" kp="4" gear="0 0 0 0.2 0.6 -0.1"/>'
        '<motor site="corner" gear="0 0 0 1 0 0"/></actuator>',
    ),
    "slider_crank": mjcf(
        f'<body><joint name="a" axis="0 1 0"/>{LIMB}<site name="crank" pos="0.2 0 0.1"/>'
        f'<body pos="0.3 0 0"><joint axis="0 1 0.1"/>{LIMB}<site name="slide" pos="0.2 0 0"'
        f' euler="0 70 0"/></body></body><body pos="0 1 0"><joint type="ball"/>{LIMB}'
        '<site name="other" pos="0.1 0 0" euler="10 0 20"/></body>',
        '<actuator><position cranksite="crank" slidersite="slide" cranklength="0.9" kp="20" kv="2"'
        ' gear="1.5"/><velocity cranksite="crank" slidersite="other" cranklength="2" kv="2"/>'
        '<motor cranksite="other" slidersite="slide" cranklength="0.01"/></actuator>',
    ),
    # Dampers and springs that are polynomials, and what actuators add to a joint's.
    "polynomials": mjcf(
        f'<body><joint name="a" damping="0.3 0.2 0.1" stiffness="2 -3 4" springref="20"/>{LIMB}'
        f'<body pos="0.3 0 0"><joint type="ball" name="b" damping="0 0.01" stiffness="0 1 2"/>'
        f'{LIMB}</body></body><body pos="0 1 0"><joint type="free" damping="0.01 0.004 0.002"'
        f' stiffness="1 0.5 0.2"/>{BOX}</body>',
        '<actuator><motor joint="a" gear="2" damping="0.4 0.1" armature="0.05"/>'
        '<motor joint="a" damping="0 0.1 0.3"/><motor joint="b" gear="0.5 1 0" armature="0.1"'
        ' damping="0.2"/></actuator>',
    ),
    # Actuators of a disabled group: no force, and activations stay, but for their range.
    "disabled_group": mjcf(
        f'<body><joint name="a" damping="0.1"/>{LIMB}</body>',
        '<actuator><position joint="a" group="3" kp="20" kv="2" damping="0.1"/>'
        '<general joint="a" group="3" dyntype="filter" dynprm="0.1" gainprm="5" actlimited="true"'
        ' actrange="0.1 1"/><motor joint="a" group="3" forcerange="0.2 1"/>'
        '<intvelocity joint="a" group="2" kp="9" actrange="-1 1"/></actuator>'
        '<option actuatorgroupdisable="1 3"/>',
    ),
}
