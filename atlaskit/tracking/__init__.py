"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.sequences import Sequences, sequences

__all__ = ["Sequences", "sequences"]
