"""The finite element method."""
