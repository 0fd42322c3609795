"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.gaps import Filled, fill
from atlaskit.tracking.jumps import ATTRIBUTES, Jumps, jumps
from atlaskit.tracking.motion import Jitter, Trajectories, displacement, drift, jitter, path_length, trajectories, velocity
from atlaskit.tracking.smoothing import Smoothed, smooth
from atlaskit.tracking.steadying import Steadied, steady

__all__ = [
    "ATTRIBUTES",
    "Filled",
    "Jitter",
    "Jumps",
    "Smoothed",
    "Steadied",
    "Trajectories",
    "displacement",
    "drift",
    "fill",
    "jitter",
    "jumps",
    "path_length",
    "smooth",
    "steady",
    "trajectories",
    "velocity",
]
