"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, arrays out."""

from atlaskit.shape.allometry import Allometry, Regression, allometry, predict, regress
from atlaskit.shape.anova import Anova, anova
from atlaskit.shape.design import Design, design
from atlaskit.shape.groups import Pairs, pairwise
from atlaskit.shape.joins import Gathered, Joined, gather, join
from atlaskit.shape.maps import LandmarkMap, landmark_map
from atlaskit.shape.power import Power, power

__all__ = [
    "Allometry",
    "Anova",
    "Design",
    "Gathered",
    "Joined",
    "LandmarkMap",
    "Pairs",
    "Power",
    "Regression",
    "allometry",
    "anova",
    "design",
    "gather",
    "join",
    "landmark_map",
    "pairwise",
    "power",
    "predict",
    "regress",
]
