"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, arrays out."""

from atlaskit.shape.anova import Anova, anova
from atlaskit.shape.design import Design, design

__all__ = ["Anova", "Design", "anova", "design"]
