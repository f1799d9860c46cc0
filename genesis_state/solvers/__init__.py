"""Solvers: each one schema and one step."""
