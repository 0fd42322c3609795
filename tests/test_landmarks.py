"""The landmark set in memory and the table of its fields."""

from __future__ import annotations

import json

import numpy as np
import pytest

from atlaskit.corpus import Case
from atlaskit.errors import InputError
from atlaskit.landmarks import (
    FIELDS,
    IDENTITY,
    Field,
    Status,
    attributes,
    check_record,
    identity,
    landmark_set,
    sizes_of,
)
from atlaskit.topology import Topology

TOPOLOGY = Topology(("lung", "heart"), (tuple(range(12)), tuple(range(12, 24))))
SIZES = sizes_of(TOPOLOGY, 3)
CONTRACT = {  # the published table: dimensions after case, dtype
    "points": (("landmark", "axis"), "f4"),
    "points_network": (("landmark", "axis"), "f4"),
    "case": ((), "str"),
    "subject": ((), "str"),
    "frame": ((), "i4"),
    "slice": ((), "i4"),
    "time_ms": ((), "f8"),
    "spacing_mm": (("axis",), "f8"),
    "image_size": (("axis",), "i4"),
    "source": ((), "str"),
    "present": (("structure",), "bool"),
    "dice": (("structure",), "f4"),
    "hd95_px": (("structure",), "f4"),
    "assd_px": (("structure",), "f4"),
    "components": (("structure",), "i4"),
    "hole_px": (("structure",), "i4"),
    "self_intersections": (("structure",), "i4"),
    "touches_border": (("structure",), "bool"),
    "ood": ((), "f4"),
    "latent": (("z",), "f4"),
    "status": ((), "u1"),
}


def test_fields_hold_the_contract_and_status_comes_last() -> None:
    assert {name: (FIELDS[name].dims, FIELDS[name].dtype) for name in CONTRACT} == CONTRACT
    assert list(FIELDS)[-1] == "status"
    assert [int(status) for status in Status] == [0, 1, 2, 255]


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_fill_of_its_dtype_and_words(name: str) -> None:
    field = FIELDS[name]
    column = np.full(field.shape(2, SIZES), field.fill, dtype=field.numpy_dtype)
    assert column.shape == (2, *(SIZES[dim] for dim in field.dims))
    missing = {"f": np.isnan, "i": lambda a: np.isin(a, [-1, 0]), "b": np.logical_not, "u": lambda a: a == 255}
    assert missing.get(field.numpy_dtype.kind, lambda a: a == "")(column).all()
    assert field.doc


def test_identity_is_what_a_case_says_of_itself() -> None:
    case = Case("a_t002", "a.nii.gz", "a", frame=2, time_ms=60.0)
    record = identity(case)
    assert tuple(record) == IDENTITY
    assert (record["case"], record["frame"], record["slice"], record["time_ms"]) == ("a_t002", 2, -1, 60.0)


def test_a_set_holds_what_it_was_given_and_marks_the_rest_missing() -> None:
    points = np.arange(48.0).reshape(24, 2)
    case = identity(Case("a", "a.png", "anna"))
    records = [{**case, "points": points, "latent": np.ones(3), "status": Status.OK}, {"case": "b" * 300}]
    atlas = landmark_set(TOPOLOGY, records, network_sha256="ff")
    assert dict(atlas.sizes) == {"case": 2, "landmark": 24, "axis": 2, "structure": 2, "z": 3}
    assert atlas["points"].dtype == np.float32
    np.testing.assert_array_equal(atlas["points"].sel(case="a"), points)
    assert np.isnan(atlas["points"].sel(case="b" * 300)).all()
    assert atlas["status"].values.tolist() == [0, 255]
    assert not atlas["present"].values.any()
    assert atlas["structure"].values.tolist() == ["lung", "heart"]
    assert atlas["points"].sel(axis="y").shape == (2, 24)
    heart = atlas["points"].sel(landmark=TOPOLOGY.loop_of("heart"))
    assert heart["landmark"].values.tolist() == list(range(12, 24)), "landmarks keep their numbers"
    np.testing.assert_array_equal(heart.sel(case="a"), points[12:])


def test_attributes_name_format_topology_and_network() -> None:
    held = attributes(TOPOLOGY, "ff")
    assert (held["format"], held["format_version"], held["network_sha256"]) == ("atlaskit.landmarks", 1, "ff")
    assert json.loads(str(held["topology"]))["structures"][1] == {"name": "heart", "loop": list(range(12, 24))}
    assert Topology.from_json(str(held["topology"])).sha256 == held["topology_sha256"]
    assert str(held["created_by"]).startswith("atlaskit ")
    assert landmark_set(TOPOLOGY, [], network_sha256="ff").attrs == held


def test_a_wrong_record_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'points'"):
        check_record({"point": 0}, SIZES)
    with pytest.raises(InputError, match=r"shape \(24, 2\); it has \(2, 24\)"):
        check_record({"points": np.zeros((2, 24))}, SIZES)
    for bad in ([{"case": "a"}, {"case": "a"}], [{"status": 0}]):
        with pytest.raises(InputError, match="id of its own"):
            landmark_set(TOPOLOGY, bad)


def test_a_field_knows_its_shape() -> None:
    assert Field(("structure", "axis"), "f4", 0.0, "").shape(7, SIZES) == (7, 2, 2)
