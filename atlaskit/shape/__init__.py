"""Shapes of a population: alignment, modes, and what they depend on. Arrays in, frozen results out."""

from atlaskit.shape.model import ShapeModel, pca
from atlaskit.shape.procrustes import Alignment, align, align_to
from atlaskit.shape.stream import Streamed, stream

__all__ = ["Alignment", "ShapeModel", "Streamed", "align", "align_to", "pca", "stream"]
