"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, frozen results out."""

from atlaskit.shape.allometry import Allometry, Regression, allometry, predict, regress
from atlaskit.shape.anova import Anova, anova
from atlaskit.shape.comparison import Comparison, Difference, Prediction, compare
from atlaskit.shape.corners import corners
from atlaskit.shape.design import Design, design
from atlaskit.shape.groups import Pairs, pairwise
from atlaskit.shape.joins import Gathered, Joined, gather, join
from atlaskit.shape.maps import LandmarkMap, landmark_map
from atlaskit.shape.model import ShapeModel, pca
from atlaskit.shape.outliers import Outliers, outliers
from atlaskit.shape.power import Power, power
from atlaskit.shape.procrustes import Alignment, Placement, align, align_to
from atlaskit.shape.quality import Quality, quality
from atlaskit.shape.sliding import Sliding, slide
from atlaskit.shape.stream import Streamed, stream
from atlaskit.shape.symmetry import Symmetry, matching_symmetry, mirror_partners, object_symmetry

__all__ = [
    "Alignment",
    "Allometry",
    "Anova",
    "Comparison",
    "Design",
    "Difference",
    "Gathered",
    "Joined",
    "LandmarkMap",
    "Outliers",
    "Pairs",
    "Placement",
    "Power",
    "Prediction",
    "Quality",
    "Regression",
    "ShapeModel",
    "Sliding",
    "Streamed",
    "Symmetry",
    "align",
    "align_to",
    "allometry",
    "anova",
    "compare",
    "corners",
    "design",
    "gather",
    "join",
    "landmark_map",
    "matching_symmetry",
    "mirror_partners",
    "object_symmetry",
    "outliers",
    "pairwise",
    "pca",
    "power",
    "predict",
    "quality",
    "regress",
    "slide",
    "stream",
]
