"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, arrays out."""

from atlaskit.shape.design import Design, design

__all__ = ["Design", "design"]
