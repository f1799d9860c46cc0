"""Every way to reset: all environments or some, to the start, to a state, to chosen rows."""

import torch

import genesis_state as gs

if __name__ == "__main__":
    scene = gs.Scene()
    cart = scene.add_entity(gs.morphs.MJCF(file="cartpole.xml"))
    scene.build(n_envs=8)

    cart.set_dofs_position(torch.linspace(0.1, 0.8, 8)[:, None], [1])
    start = scene.get_state()
    for _ in range(30):
        scene.step()
    later = scene.get_state()

    scene.reset()  # all, to the state at the end of build
    assert scene.t == 0 and not cart.get_qpos().any()

    scene.reset(state=later)  # all, to a state; the scene's clock goes back with it
    assert scene.t == 30 and scene.get_state().equal(later)

    scene.reset(state=start, envs_idx=[0, 2, 5])  # some; the others are not touched
    assert scene.t == 30 and scene.envs_t.tolist() == [0, 30, 0, 30, 30, 0, 30, 30]
    assert scene.get_state()[[1, 3, 4]].equal(later[[1, 3, 4]])

    fallen = cart.get_qpos()[:, 1].abs() > 0.75  # some, by a mask
    scene.reset(state=start, envs_idx=fallen)
    assert torch.equal(scene.envs_t == 0, fallen | torch.tensor([e in (0, 2, 5) for e in range(8)]))

    scene.reset(state=later[[6, 7]], envs_idx=[1, 0])  # row k goes to envs_idx[k]
    assert torch.equal(scene.get_state().rigid.qpos[0], later.rigid.qpos[7])

    scene.reset(state=start[3])  # one row goes to all
    assert scene.get_state().equal(start[3].repeat(8))

    print(scene.get_state())
