"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, arrays out."""

from atlaskit.shape.anova import Anova, anova
from atlaskit.shape.design import Design, design
from atlaskit.shape.groups import Pairs, pairwise
from atlaskit.shape.maps import LandmarkMap, landmark_map

__all__ = [
    "Anova",
    "Design",
    "LandmarkMap",
    "Pairs",
    "anova",
    "design",
    "landmark_map",
    "pairwise",
]
