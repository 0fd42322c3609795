"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, frozen results out."""

from atlaskit.shape.model import ShapeModel, pca
from atlaskit.shape.outliers import Outliers, outliers
from atlaskit.shape.procrustes import Alignment, align
from atlaskit.shape.quality import Quality, quality
from atlaskit.shape.sliding import Sliding, slide
from atlaskit.shape.symmetry import Symmetry, matching_symmetry, mirror_partners, object_symmetry

__all__ = [
    "Alignment",
    "Outliers",
    "Quality",
    "ShapeModel",
    "Sliding",
    "Symmetry",
    "align",
    "matching_symmetry",
    "mirror_partners",
    "object_symmetry",
    "outliers",
    "pca",
    "quality",
    "slide",
]
