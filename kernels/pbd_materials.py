"""Kinds of matter that position based dynamics moves."""

CLOTH, ELASTIC, LIQUID, PARTICLE = range(4)
