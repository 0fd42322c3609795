"""The landmark set: one xarray dataset of landmarks in correspondence, the value that every later step takes.

`FIELDS` is the table of its per-case arrays; the store on disk has the same table. Values know no disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from atlaskit import __version__
from atlaskit.corpus import Case
from atlaskit.errors import InputError, nearest
from atlaskit.topology import Topology

FORMAT = "atlaskit.landmarks"
FORMAT_VERSION = 1
AXIS = ("x", "y")

Record = Mapping[str, Any]
"""What is known of one case: values by field name, each without the case dimension."""


class Status(IntEnum):
    """Where a case stands; in a store it is written after everything else of the case."""

    OK = 0
    FLAGGED = 1
    REJECTED = 2
    PENDING = 255


@dataclass(frozen=True)
class Field:
    """One per-case array.

    Attributes
    ----------
    dims : tuple of str
        Dimensions after ``case``.
    dtype : str
        numpy's short name, or ``str``.
    fill : object
        What stands where nothing is known.
    doc : str
    later : bool
        Added since the first release, so that older stores lack it.
    """

    dims: tuple[str, ...]
    dtype: str
    fill: Any
    doc: str
    later: bool = False

    @property
    def numpy_dtype(self) -> np.dtype[Any]:
        """The dtype in memory; text is of variable length."""
        return np.dtypes.StringDType() if self.dtype == "str" else np.dtype(self.dtype)

    def shape(self, n: int, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Shape of the array for n cases."""
        return (n, *(sizes[dim] for dim in self.dims))


_NAN = float("nan")
_POINTS = ("landmark", "axis")
_EACH = ("structure",)

FIELDS: Mapping[str, Field] = {
    "case": Field((), "str", "", "unique id"),
    "subject": Field((), "str", "", "whom the case belongs to"),
    "frame": Field((), "i4", -1, "position in time; -1 where there is none"),
    "slice": Field((), "i4", -1, "position in the volume; -1 where there is none"),
    "time_ms": Field((), "f8", _NAN, "time of the frame"),
    "source": Field((), "str", "", "path relative to the model folder"),
    "source_sha": Field((), "str", "", "fingerprint of the source when it was read, to see whether it changed"),
    "spacing_mm": Field(("axis",), "f8", _NAN, "pixel size; never invented"),
    "slice_mm": Field((), "f8", _NAN, "distance between slices; never invented", later=True),
    "frame_count": Field((), "i4", -1, "frames of the file that the case is one of; -1 where unknown", later=True),
    "image_size": Field(("axis",), "i4", 0, "(width, height)"),
    "points": Field(_POINTS, "f4", _NAN, "boundary-fitted landmarks, pixels of the source mask"),
    "points_network": Field(_POINTS, "f4", _NAN, "the network's own landmarks, before the boundary fit"),
    "present": Field(_EACH, "bool", False, "the structure was in the mask"),
    "dice": Field(_EACH, "f4", _NAN, "polygon of points against the mask as given"),
    "hd95_px": Field(_EACH, "f4", _NAN, "95th percentile of the symmetric surface distance"),
    "assd_px": Field(_EACH, "f4", _NAN, "mean symmetric surface distance"),
    "components": Field(_EACH, "i4", 0, "components in the mask; one is modelled"),
    "hole_px": Field(_EACH, "i4", 0, "background enclosed by the modelled component"),
    "self_intersections": Field(_EACH, "i4", 0, "pairs of edges of the polygon that cross"),
    "touches_border": Field(_EACH, "bool", False, "the structure reaches the edge of the image"),
    "ood": Field((), "f4", _NAN, "distance in latent space, training standard deviations"),
    "latent": Field(("z",), "f4", _NAN, "latent mean"),
    "reason": Field((), "str", "", "why the case was flagged or rejected"),
    "status": Field((), "u1", int(Status.PENDING), "0 ok, 1 flagged, 2 rejected, 255 pending; written last"),
}
"""The per-case arrays, in the order they are written."""

IDENTITY = ("case", "subject", "frame", "slice", "time_ms", "source")
"""The fields that the corpus knows before any mask is read."""


def attributes(topology: Topology, network_sha256: str) -> dict[str, str | int]:
    """Attributes of a landmark set: format, topology and network, so that a mismatch is found at once."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "topology": topology.to_json(),
        "topology_sha256": topology.sha256,
        "network_sha256": network_sha256,
        "created_by": f"atlaskit {__version__}",
    }


def sizes_of(topology: Topology, latent_size: int) -> dict[str, int]:
    """Lengths of the dimensions beside ``case``."""
    return {
        "landmark": topology.n_landmarks,
        "axis": len(AXIS),
        "structure": len(topology.structures),
        "z": latent_size,
    }


def labels_of(topology: Topology) -> dict[str, NDArray[Any]]:
    """Names along the dimensions that have some, ``landmark`` among them: landmarks keep their numbers when some are chosen."""
    numbers: NDArray[Any] = np.arange(topology.n_landmarks, dtype=np.int32)
    return {"axis": text(AXIS), "structure": text(topology.structures), "landmark": numbers}


def identity(case: Case) -> Record:
    """Give the part of a record that the corpus knows: `IDENTITY`."""
    return {name: case.id if name == "case" else getattr(case, name) for name in IDENTITY}


def check_record(record: Record, sizes: Mapping[str, int]) -> None:
    """Refuse a record that names an unknown field or holds a value of another shape (`InputError`)."""
    for name, value in record.items():
        if name not in FIELDS:
            raise InputError(f"A record must name fields of the landmark set; got {name!r}: {nearest(name, FIELDS)}")
        wanted = FIELDS[name].shape(1, sizes)[1:]
        if np.shape(value) != wanted:
            raise InputError(f"Field {name!r} of a case must have shape {wanted}; it has {np.shape(value)}.")


def landmark_set(topology: Topology, records: Sequence[Record], *, network_sha256: str = "") -> xr.Dataset:
    """Build a landmark set in memory.

    Parameters
    ----------
    topology : Topology
    records : sequence of mapping
        One per case: ``case``, and any other of `FIELDS`; what is left out is missing.
    network_sha256 : str
        Fingerprint of the network that gave the landmarks.

    Returns
    -------
    xarray.Dataset
        Variables `FIELDS` with ``case``, ``axis``, ``structure`` and ``landmark`` as coordinates, as a store reads back.

    Raises
    ------
    InputError
        For an unknown field, a wrong shape, or case ids that are missing or not unique.
    """
    sizes = sizes_of(topology, max((len(record["latent"]) for record in records if "latent" in record), default=0))
    for record in records:
        check_record(record, sizes)
    ids = {str(record.get("case", "")) for record in records}
    if len(ids) != len(records) or "" in ids:
        raise InputError(f"Every case of a landmark set needs an id of its own; {len(records)} cases have {len(ids)}.")
    columns = {name: (("case", *field.dims), _column(name, field, records, sizes)) for name, field in FIELDS.items()}
    coords = {"case": columns.pop("case")} | {dim: ((dim,), names) for dim, names in labels_of(topology).items()}
    return xr.Dataset(columns, coords, attributes(topology, network_sha256))


def text(values: Sequence[str]) -> NDArray[Any]:
    """Text as an array of variable length, so that no id is ever cut."""
    return np.array(list(values), dtype=np.dtypes.StringDType())


def _column(name: str, field: Field, records: Sequence[Record], sizes: Mapping[str, int]) -> NDArray[Any]:
    """One field of all records."""
    column: NDArray[Any] = np.full(field.shape(len(records), sizes), field.fill, dtype=field.numpy_dtype)
    for row, record in enumerate(records):
        if name in record:
            column[row] = record[name]
    return column
