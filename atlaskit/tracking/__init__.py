"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.paths import Paths, paths

__all__ = ["Paths", "paths"]
