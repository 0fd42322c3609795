"""Everything that was found of the sequences of a store."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from atlaskit.verbs.tracking.beats import Study
from atlaskit.verbs.tracking.measuring import Measured
from atlaskit.verbs.tracking.preparing import Prepared
from atlaskit.verbs.tracking.roles import Roles
from atlaskit.verbs.tracking.source import Source
from atlaskit.verbs.tracking.volumes import Volume


@dataclass(frozen=True)
class Examination:
    """A study, or two views of one that make a volume together.

    Attributes
    ----------
    name : str
    studies : tuple of Study
        Phases are those of the first.
    volume : Volume or None
    """

    name: str
    studies: tuple[Study, ...]
    volume: Volume | None


@dataclass(frozen=True)
class Tracked:
    """Sequences with their beats, curves and volumes.

    Attributes
    ----------
    source : Source
    roles : Roles
    studies : tuple of Study
    prepared : Prepared
    measured : Measured
    volumes : tuple of Volume
    strain : {"circumferential", "longitudinal"}
        What the strain of the outlines of cavity and wall is: the latter is that without the valve plane.
    notes : tuple of str
        What a user should know of walls and volumes.
    """

    source: Source
    roles: Roles
    studies: tuple[Study, ...]
    prepared: Prepared
    measured: Measured
    volumes: tuple[Volume, ...]
    strain: str
    notes: tuple[str, ...]

    def examinations(self) -> tuple[Examination, ...]:
        """What function is told of: each volume with its study or two views, then the studies that have none."""
        found = [Examination(volume.name, volume.studies, volume) for volume in self.volumes]
        known = {study.name for each in found for study in each.studies}
        found += [Examination(study.name, (study,), None) for study in self.studies if study.name not in known]
        return tuple(sorted(found, key=lambda each: each.name))

    def volume_of(self, study: Study) -> Volume | None:
        """The volume whose phases are a study's; None where there is none."""
        return self._volumes.get(study.name)

    @cached_property
    def _volumes(self) -> dict[str, Volume]:
        return {volume.studies[0].name: volume for volume in self.volumes}

    @cached_property
    def phase(self) -> NDArray[np.float64]:
        """(Q, T) place of each frame in its beat, 0 at end-diastole to 1 at the next; NaN outside whole beats."""
        found = np.full(self.source.sequences.rows.shape, np.nan)
        for study in self.studies:
            found[study.slices, : study.frames] = study.phases(np.arange(study.frames))
        return found
