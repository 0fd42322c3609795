"""The figures of each case, for whoever looks for the cases behind a mean."""

from __future__ import annotations

import numpy as np
import pandas as pd

from atlaskit.metrics import offsets
from atlaskit.verbs.evaluation.material import Material, mean_over_cases
from atlaskit.verbs.evaluation.truths import Known


def by_case(material: Material, known: Known | None) -> pd.DataFrame:
    """One row per case and structure that it has.

    Columns: ``dice``, ``hd95_px`` and ``assd_px`` of the store's landmarks, and ``error_px`` and ``error_mm``, the mean
    distance of the case's true landmarks in each structure; NaN where these were not measured.
    """
    stored, tables = material.landmarks, []
    for s, (name, polygons) in enumerate(material.polygons("points").items()):
        figures = {key: stored[key].to_numpy()[:, s] for key in ("dice", "hd95_px", "assd_px")}
        errors = {f"error_{unit}": np.full(len(material.cases), np.nan) for unit in ("px", "mm")}
        if known is not None and name in known.truth:
            found = offsets(polygons, known.truth[name], train=known.train, test=known.test, spacing_mm=material.spacing_mm)
            for unit in ("px", "mm"):
                errors[f"error_{unit}"][known.test] = mean_over_cases(found.lengths(unit)[0].T)
        who = {"case": material.cases, "subject": material.subjects, "structure": name}
        tables.append(pd.DataFrame({**who, **figures, **errors})[stored["present"].to_numpy()[:, s]])
    return pd.concat(tables).sort_values("case", kind="stable", ignore_index=True)
