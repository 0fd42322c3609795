"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.gaps import Filled, fill
from atlaskit.tracking.motion import Jitter, Trajectories, displacement, drift, jitter, path_length, trajectories, velocity
from atlaskit.tracking.smoothing import Smoothed, smooth

__all__ = [
    "Filled",
    "Jitter",
    "Smoothed",
    "Trajectories",
    "displacement",
    "drift",
    "fill",
    "jitter",
    "path_length",
    "smooth",
    "trajectories",
    "velocity",
]
