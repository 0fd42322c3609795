"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.growth import Growth, growth
from atlaskit.tracking.paths import Paths, paths

__all__ = ["Growth", "Paths", "growth", "paths"]
