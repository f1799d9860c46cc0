"""Every Taichi kernel and function, imported as `genesis_state.kernels`."""
