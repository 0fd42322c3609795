"""MetaImage masks (.mha, and .mhd beside its data file), plain or zlib-compressed."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np

from atlaskit.errors import InputError
from atlaskit.readers.volume import Volume, from_xyz

_TYPES = {
    "MET_UCHAR": "u1", "MET_CHAR": "i1", "MET_USHORT": "u2", "MET_SHORT": "i2", "MET_UINT": "u4", "MET_INT": "i4",
    "MET_ULONG": "u8", "MET_LONG": "i8", "MET_FLOAT": "f4", "MET_DOUBLE": "f8",
}  # fmt: skip
_LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
_LONGEST_HEADER = 65536


def read(path: Path, plane: str | None) -> Volume:
    """Read a MetaImage file whose pixels have one channel."""
    content = path.read_bytes()
    fields, end = _header(content)
    data = fields.get("ElementDataFile", "")
    if data == "LOCAL":
        raw = content[end:]
    elif data and Path(data).name == data != path.name:  # a name only: a header must not reach into other folders
        raw = (path.parent / data).read_bytes()
    else:
        raise InputError(f"A MetaImage must name one data file beside it; got {data!r}.")
    size = [int(n) for n in fields.get("DimSize", "").split()]
    if min(size, default=0) < 1 or fields.get("HeaderSize", "0") not in ("0", "-1") or not _true(fields, "BinaryData", "True"):
        raise InputError("A MetaImage must hold binary elements right after its header, and sizes above 0.")
    kind = _TYPES.get(fields.get("ElementType", ""))
    if kind is None or len(size) not in (2, 3, 4) or fields.get("ElementNumberOfChannels", "1") != "1":
        raise InputError("A MetaImage mask must have one channel, 2 to 4 axes and whole-number or float elements.")
    if fields.get("HeaderSize") == "-1":  # the elements are the file's last bytes
        raw = raw[-int(np.prod(size)) * np.dtype(kind).itemsize :]
    if _true(fields, "CompressedData"):
        raw = zlib.decompress(raw)
    order = ">" if _true(fields, "BinaryDataByteOrderMSB") or _true(fields, "ElementByteOrderMSB") else "<"
    voxels = np.frombuffer(raw, np.dtype(order + kind), count=int(np.prod(size))).reshape(size, order="F")
    spacing = _numbers(fields.get("ElementSpacing", ""), len(size), float("nan"))
    return from_xyz(voxels, tuple(spacing[:3]), _affine(fields, spacing[:3]), plane=plane)


def _true(fields: dict[str, str], name: str, default: str = "False") -> bool:
    return fields.get(name, default).lower() == "true"


def _header(content: bytes) -> tuple[dict[str, str], int]:
    """The fields, and where the header ends: it always ends with the line ElementDataFile."""
    fields: dict[str, str] = {}
    position = 0
    while position < min(len(content), _LONGEST_HEADER):
        line_end = content.find(b"\n", position)
        line_end = len(content) if line_end < 0 else line_end
        key, _, value = content[position:line_end].decode("latin-1").partition("=")
        fields[key.strip()] = value.strip()
        position = line_end + 1
        if key.strip() == "ElementDataFile":
            return fields, position
    raise InputError("A MetaImage header must end with ElementDataFile; this one does not.")


def _numbers(text: str, count: int, default: float) -> list[float]:
    numbers = [float(part) for part in text.split()]
    return numbers if len(numbers) >= count else [default] * count


def _affine(fields: dict[str, str], spacing: list[float]) -> np.ndarray | None:
    """Voxel indices to millimetres (right, anterior, superior); None where no spacing is stated."""
    axes = len(spacing)
    if not np.all(np.isfinite(spacing)):
        return None
    total = int(fields.get("NDims", axes))
    text = fields.get("TransformMatrix", "")
    matrix = np.array(_numbers(text, total**2, 0.0)).reshape(total, total)[:axes, :axes] if text else np.eye(axes)
    affine = np.eye(4)
    affine[:axes, :axes] = matrix.T * spacing
    affine[:axes, 3] = _numbers(fields.get("Offset", fields.get("Position", "")), total, 0.0)[:axes]
    return np.asarray(_LPS_TO_RAS @ affine)
