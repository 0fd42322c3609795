"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.apical import View, area_length, biplane, hinges, in_mm, simpson, view
from atlaskit.tracking.bridging import bridged
from atlaskit.tracking.contrasts import contrast
from atlaskit.tracking.curves import area, length, perimeter, run
from atlaskit.tracking.cycles import Average, average, normalise
from atlaskit.tracking.function import (
    Segmental,
    ejection_fraction,
    fractional_area_change,
    segmental_strain,
    segmental_thickening,
    strain,
    thickening,
    wall_distances,
    wall_thickness,
)
from atlaskit.tracking.gaps import Filled, fill
from atlaskit.tracking.growth import Growth, growth
from atlaskit.tracking.jumps import ATTRIBUTES, Jumps, jumps
from atlaskit.tracking.motion import Jitter, Trajectories, displacement, drift, jitter, path_length, trajectories, velocity
from atlaskit.tracking.paths import Paths, paths
from atlaskit.tracking.phases import Beats, Phases, beats, phases
from atlaskit.tracking.sequences import Sequences, sequences
from atlaskit.tracking.smoothing import Smoothed, smooth
from atlaskit.tracking.steadying import Steadied, steady
from atlaskit.tracking.volumes import SliceVolume, by_slices

__all__ = [
    "ATTRIBUTES",
    "Average",
    "Beats",
    "Filled",
    "Growth",
    "Jitter",
    "Jumps",
    "Paths",
    "Phases",
    "Segmental",
    "Sequences",
    "SliceVolume",
    "Smoothed",
    "Steadied",
    "Trajectories",
    "View",
    "area",
    "area_length",
    "average",
    "beats",
    "biplane",
    "bridged",
    "by_slices",
    "contrast",
    "displacement",
    "drift",
    "ejection_fraction",
    "fill",
    "fractional_area_change",
    "growth",
    "hinges",
    "in_mm",
    "jitter",
    "jumps",
    "length",
    "normalise",
    "path_length",
    "paths",
    "perimeter",
    "phases",
    "run",
    "segmental_strain",
    "segmental_thickening",
    "sequences",
    "simpson",
    "smooth",
    "steady",
    "strain",
    "thickening",
    "trajectories",
    "velocity",
    "view",
    "wall_distances",
    "wall_thickness",
]
