"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, frozen results out."""

from atlaskit.shape.model import ShapeModel, pca
from atlaskit.shape.procrustes import Alignment, align
from atlaskit.shape.quality import Quality, quality

__all__ = ["Alignment", "Quality", "ShapeModel", "align", "pca", "quality"]
