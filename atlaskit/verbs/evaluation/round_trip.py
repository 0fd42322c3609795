"""How well landmarks give the masks back, and how even and steady their outlines are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from atlaskit.landmarks import Status
from atlaskit.metrics import OVERALL, edge_variation, normal_spread, with_overall
from atlaskit.verbs.evaluation.material import KINDS, Material
from atlaskit.verbs.evaluation.sources import Masks

STEEP_DEG = 45.0
"""A landmark whose normal varies by more over the cases is hardly one place."""


def round_trip(material: Material, masks: Masks | None) -> pd.DataFrame:
    """Dice and surface distances by kind of landmarks and structure; the network's own need the masks.

    Columns: ``cases`` with the structure and ``absent`` without it, ``flagged`` of those cases, means of ``dice``,
    ``hd95`` and ``assd``, their worse 5 % (``dice_p05``, ``hd95_p95_px``), and ``crossed``, outlines that cross themselves.
    """
    stored = material.landmarks
    figures = np.stack([stored[name].to_numpy() for name in ("dice", "hd95_px", "assd_px")], axis=1)
    tables = {"points": _table(figures, stored["self_intersections"].to_numpy(), material)}
    if masks is not None:
        tables["points_network"] = _table(masks.figures, masks.crossings, material)
    return stack(tables, "landmarks")


def _table(figures: NDArray[np.floating], crossings: NDArray[np.integer], material: Material) -> pd.DataFrame:
    """One row per structure of (N, 3, S) figures and (N, S) crossings."""
    flagged = material.landmarks["status"].to_numpy() == Status.FLAGGED
    pixel = np.sqrt(material.spacing_mm.prod(axis=1))  # the side of a square of the pixel's area
    rows = {}
    for s, name in enumerate(material.topology.structures):
        dice, hd95, assd = figures[:, :, s].astype(np.float64).T
        there = np.isfinite(dice)
        rows[name] = {
            "cases": int(there.sum()),
            "absent": int((~material.landmarks["present"].to_numpy()[:, s]).sum()),
            "flagged": int((flagged & there).sum()),
            "dice": _mean(dice),
            "dice_p05": _percentile(dice, 5),
            "hd95_px": _mean(hd95),
            "hd95_p95_px": _percentile(hd95, 95),
            "assd_px": _mean(assd),
            "hd95_mm": _mean(hd95 * pixel),
            "assd_mm": _mean(assd * pixel),
            "crossed": int((crossings[there, s] > 0).sum()),
        }
    table = with_overall(pd.DataFrame.from_dict(rows, orient="index"))
    known = np.isfinite(figures[:, 0]).any(axis=1)
    absent = (~material.landmarks["present"].to_numpy()).any(axis=1)
    counts = {"cases": known.sum(), "absent": absent.sum(), "flagged": (flagged & known).sum()}
    table.loc[OVERALL, [*counts, "crossed"]] = [*counts.values(), table["crossed"].iloc[:-1].sum()]
    return table.astype(dict.fromkeys([*counts, "crossed"], int))


def spread(material: Material) -> pd.DataFrame:
    """How much normals turn from case to case at an index, and how uneven the edges are.

    Columns: ``normal_spread_deg``, the mean over landmarks of the circular standard deviation in the template's frame;
    ``over_45_deg``, the share of landmarks above that; ``edge_variation``, the mean over cases of the standard deviation
    of the edge lengths over their mean.
    """
    frame, tables = material.frames(), {}
    for kind in KINDS:
        unit = frame.to_unit(material.points[kind])
        rows = {}
        for name, loop in zip(material.topology.structures, material.topology.loops, strict=True):
            turned = normal_spread(unit[:, list(loop)])
            rows[name] = {
                "normal_spread_deg": _mean(turned),
                "over_45_deg": _mean(np.where(np.isnan(turned), np.nan, turned > STEEP_DEG)),
                "edge_variation": _mean(edge_variation(unit[:, list(loop)])),
            }
        tables[kind] = with_overall(pd.DataFrame.from_dict(rows, orient="index"))
    return stack(tables, "landmarks")


def stack(tables: dict[str, pd.DataFrame], name: str) -> pd.DataFrame:
    """Tables by structure below each other, named by a first column."""
    columns = [table.rename_axis("structure").reset_index().assign(**{name: key}) for key, table in tables.items()]
    whole = pd.concat(columns, ignore_index=True)
    return whole[[name, *(column for column in whole if column != name)]]


def _mean(values: NDArray[np.floating]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def _percentile(values: NDArray[np.floating], q: float) -> float:
    known = values[np.isfinite(values)]
    return float(np.percentile(known, q)) if known.size else float("nan")
