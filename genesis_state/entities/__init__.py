"""Handles on what was added to a scene: robots, bodies, their links and joints."""
