import json
from pathlib import Path

import nibabel
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from atlaskit.errors import InputError
from atlaskit.verbs.describe import describe


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Four cases with a disc (2) in a ring (1), one of them empty, and a damaged file."""
    y, x = np.mgrid[:40, :50]
    far: NDArray[np.float64] = np.hypot(x - 22, y - 18)
    plane = np.where(far < 7, 2, np.where(far < 12, 1, 0)).astype(np.uint8)
    for case in ("p1_ED", "p1_ES", "p2_ED"):
        Image.fromarray(plane).save(tmp_path / f"{case}.png")
    Image.fromarray(plane[:30] * 0).save(tmp_path / "p3_ED.png")
    (tmp_path / "p4_ED.png").write_text("no picture")
    return tmp_path


def test_a_folder_is_described(folder: Path) -> None:
    found = describe(folder)
    assert (found.layout, found.cases, found.subjects, found.looked_into) == ("labels", 4, 3, 4)
    assert (found.width, found.height) == ((50, 50), (30, 40))
    assert np.isnan(found.spacing_mm).all() and found.without_spacing == 4
    assert [(s.name, s.values, s.cases, s.outline) for s in found.structures] == [
        ("1", (1,), 3, "ring"),
        ("2", (2,), 3, "single"),
    ]
    assert [r.source for r in found.rejected] == ["p4_ED.png", "p3_ED.png"]
    assert "empty" in found.rejected[1].reason
    assert found.suggestions == ("outer 1=1+2", "structure 2=2")


def test_structures_are_described_as_asked(folder: Path) -> None:
    found = describe(folder, structures=["epi=1+2"])
    assert [(s.name, s.labels, s.outline, s.problem) for s in found.structures] == [("epi", ("1", "2"), "single", "")]


def test_slices_without_structures_are_no_cases_and_not_counted(tmp_path: Path) -> None:
    volume = np.zeros((20, 20, 9), dtype=np.uint8)
    volume[5:15, 5:15, 2:6] = 1
    nibabel.save(nibabel.Nifti1Image(volume, np.diag([1, 1, 5, 1])), tmp_path / "p1.nii.gz")
    found = describe(tmp_path)
    assert (found.cases, found.looked_into, found.structures[0].cases) == (4, 4, 4)
    assert "5 slices or frames hold none" in found.notes[0] and "in cases (of 4) " in str(found)


def test_a_description_reads_as_a_page(folder: Path) -> None:
    assert str(describe(folder)).splitlines() == [
        f"{folder}: layout labels, 4 cases of 3 subjects",
        "image size 50 x 30 to 40 px, pixel size unknown",
        "",
        "structure  value  in cases (of 4)  pieces  hole  outline",
        "1          1                    3       1   33%  ring",
        "2          2                    3       1    0%  single",
        "",
        "'1' is a ring: its hole is 33% of its outline; model its outer edge with --structure 'outer 1=1+2', or add "
        "--shared-boundaries.",
        "Structures to start from:",
        "  --structure 'outer 1=1+2'",
        "  --structure 'structure 2=2'",
    ]


def test_json_holds_no_nan(folder: Path) -> None:
    document = json.loads(json.dumps(describe(folder).to_dict(), allow_nan=False))
    assert document["spacing_mm"] == [None, None] and document["rejected"][0]["source"] == "p4_ED.png"


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must hold masks"):
        describe(tmp_path)


def test_the_command_prints_json_alone_and_ends_with_3_for_rejected_files(folder: Path) -> None:
    from atlaskit_cli.app import app

    result = CliRunner().invoke(app, ["describe", str(folder), "--json"])
    assert result.exit_code == 3
    assert json.loads(result.stdout)["cases"] == 4
    assert "p4_ED.png" in result.stderr


def test_the_command_shows_a_page(folder: Path) -> None:
    from atlaskit_cli.app import app

    (folder / "p4_ED.png").unlink()
    (folder / "p3_ED.png").unlink()
    result = CliRunner().invoke(app, ["describe", str(folder), "--structure", "epi=1+2"])
    assert result.exit_code == 0
    page = " ".join(result.stdout.split())
    assert "3 cases of 2 subjects" in page and "epi" in page and "single" in page


@pytest.mark.realdata
def test_scattered_structures_are_called_what_they_are(realdata: Path) -> None:
    found = describe(realdata / "nnunet_out" / "real_ct_muscle_2d")
    assert found.suggestions == () and all(item.problem for item in found.structures)
    assert found.spacing_mm == pytest.approx((0.859375, 0.859375))
