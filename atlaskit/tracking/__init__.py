"""Landmarks in time: sequences, trajectories, the phases of a beat, and function. Arrays in, frozen results out."""

from atlaskit.tracking.apical import View, area_length, biplane, hinges, in_mm, simpson, view
from atlaskit.tracking.bridging import bridged
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
from atlaskit.tracking.phases import Beats, Phases, beats, phases
from atlaskit.tracking.sequences import Sequences, sequences
from atlaskit.tracking.volumes import SliceVolume, by_slices

__all__ = [
    "Average",
    "Beats",
    "Phases",
    "Segmental",
    "Sequences",
    "SliceVolume",
    "View",
    "area",
    "area_length",
    "average",
    "beats",
    "biplane",
    "bridged",
    "by_slices",
    "ejection_fraction",
    "fractional_area_change",
    "hinges",
    "in_mm",
    "length",
    "normalise",
    "perimeter",
    "phases",
    "run",
    "segmental_strain",
    "segmental_thickening",
    "sequences",
    "simpson",
    "strain",
    "thickening",
    "view",
    "wall_distances",
    "wall_thickness",
]
