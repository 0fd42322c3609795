"""The chest that every case is a deformation of: hand-drawn outlines and smooth displacement modes, in a 1 x 1 frame.

x runs to the right, y down; as in a radiograph the right lung is on the left. The drawn points are the true landmarks:
they lie at corners and turns, and every mode moves whatever lies nearby along with them.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline

from atlaskit.contours import Points

_RIGHT_LUNG = """
    .335 .115  .395 .135  .430 .195  .438 .270  .427 .345  .402 .425  .380 .500  .369 .575  .370 .640  .386 .697
    .325 .668  .262 .664  .205 .690  .152 .768  .146 .690  .154 .580  .168 .460  .190 .340  .222 .230  .270 .152
"""
_LEFT_LUNG = """
    .652 .112  .712 .146  .763 .225  .797 .335  .820 .455  .837 .575  .849 .690  .853 .782  .815 .722  .787 .690
    .771 .625  .735 .545  .685 .482  .638 .425  .617 .360  .613 .305  .586 .262  .560 .215  .556 .165  .590 .127
"""
_HEART = """
    .455 .437  .530 .416  .600 .432  .662 .474  .716 .535  .757 .603  .778 .668  .738 .706  .662 .722  .572 .737
    .482 .736  .412 .703  .369 .638  .363 .570  .385 .502  .415 .460
"""
_RIGHT_CLAVICLE = """
    .232 .108  .275 .130  .330 .147  .388 .154  .436 .163  .460 .184  .450 .212  .418 .208  .365 .190  .308 .174
    .258 .156  .222 .130
"""


def _points(text: str) -> Points:
    return np.array(text.split(), dtype=np.float64).reshape(-1, 2)


def _mirrored(points: Points) -> Points:
    """The same structure on the other side, still clockwise on screen and with the same first point."""
    other = np.roll(points[::-1], 1, axis=0)
    return np.column_stack([1.0 - other[:, 0], other[:, 1]])


LANDMARKS: dict[str, Points] = {
    "right lung": _points(_RIGHT_LUNG),
    "left lung": _points(_LEFT_LUNG),
    "heart": _points(_HEART),
    "right clavicle": _points(_RIGHT_CLAVICLE),
    "left clavicle": _mirrored(_points(_RIGHT_CLAVICLE)),
}
"""The drawn points of each structure, (K, 2), clockwise on screen."""

SPOTS = {"island": (0.495, 0.335), "hole": (0.290, 0.430)}
"""Where faults lie: between the lungs, and inside the right one."""

MODES = ("breath", "width", "heart", "taper", "bend", "shoulders")
CENTRE = np.array([0.5, 0.45])
_HEART_CENTRE = np.array([0.57, 0.58])


def outline(landmarks: Points, *, per_landmark: int = 16) -> Points:
    """Smooth closed curve through landmarks; every `per_landmark`-th vertex is a landmark.

    Parameters
    ----------
    landmarks : (K, 2) array
    per_landmark : int
        Vertices from one landmark to the next.

    Returns
    -------
    (K * per_landmark, 2) float array

    References
    ----------
    Lee, "Choosing nodes in parametric curve interpolation" (1989): centripetal parameters keep loops out of corners.
    """
    closed = np.vstack([landmarks, landmarks[:1]])
    knots = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1) ** 0.5)])
    at = knots[:-1, None] + np.diff(knots)[:, None] * np.arange(per_landmark) / per_landmark
    curve: Points = CubicSpline(knots, closed, bc_type="periodic")(at.ravel())
    return curve


def displacements(points: Points) -> Points:
    """What one standard deviation of each mode does to points of the frame.

    Parameters
    ----------
    points : (n, 2) array
        In the 1 x 1 frame.

    Returns
    -------
    (6, n, 2) float array
        In the order of `MODES`: depth of breath, width of the thorax, size of the heart, narrow top and wide bottom,
        sideways bend of the spine, raised shoulders.
    """
    dx, dy = (points - CENTRE).T
    down = (points[:, 1] - 0.1) / 0.65
    from_heart = points - _HEART_CENTRE
    near_heart = np.exp(-(from_heart**2).sum(axis=1) / (2 * 0.14**2))
    near_shoulders = np.exp(-(((points[:, 1] - 0.15) / 0.12) ** 2) / 2)
    still = np.zeros_like(dx)
    fields = [
        (still, 0.028 * down**2),
        (0.06 * dx, still),
        tuple(0.22 * from_heart.T * near_heart),
        (0.25 * dx * dy, still),
        (0.018 * np.sin(np.pi * down), still),
        (still, -0.35 * dx**2 * near_shoulders),
    ]
    return np.array(fields).transpose(0, 2, 1)
