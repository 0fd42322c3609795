"""Outlines across slices: closed surfaces with the same vertices in every case, and what they measure."""
