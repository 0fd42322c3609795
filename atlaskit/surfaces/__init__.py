"""Outlines across slices: closed surfaces with the same vertices in every case, and what they measure."""

from atlaskit.surfaces.closing import Surface, enclose
from atlaskit.surfaces.files import write_surface
from atlaskit.surfaces.measures import area, euler, is_closed, volume

__all__ = ["Surface", "area", "enclose", "euler", "is_closed", "volume", "write_surface"]
