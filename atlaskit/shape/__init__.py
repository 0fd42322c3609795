"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, frozen results out."""

from atlaskit.shape.model import ShapeModel, pca
from atlaskit.shape.procrustes import Alignment, align

__all__ = ["Alignment", "ShapeModel", "align", "pca"]
