"""Rigid bodies: compiled by MuJoCo, stepped by our kernels."""
