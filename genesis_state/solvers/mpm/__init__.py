"""The material point method."""
