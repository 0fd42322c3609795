"""Pictures leave no global state: no pyplot, no changed settings, any number of figures."""

import subprocess
import sys

SCRIPT = """
import io, sys
import matplotlib, numpy as np, pandas as pd
before = matplotlib.rcParams.copy()
from atlaskit import plot
from atlaskit.masks import Mask
from atlaskit.shape import Power, pca
from atlaskit.surfaces import enclose
from atlaskit.topology import Topology
turn = 2 * np.pi * np.arange(16) / 16
points = 20 + 10 * np.column_stack([np.cos(turn), np.sin(turn)])
topology = Topology(("disc",), (tuple(range(16)),), levels=1)
mask = Mask(np.ones((1, 40, 40), dtype=bool), ("disc",))
log = [{"epoch": k, "losses": {"chamfer": 1.0}, "weights": {}} for k in range(2)]
axes = [plot.template(points, topology), plot.case(mask, points, topology)]
axes.append(plot.landmark_overlay(points[None], topology))
axes += [plot.error_map(points, topology, {"disc": (np.arange(2.0), np.ones(2))}), plot.methods(["a"], {"disc": [1.0]})]
noise = np.random.default_rng(0).normal(size=(9, 16, 2))
model = pca(points + noise)
along = model.scores(points + noise)
columns = ("modes", "compactness", "compactness_se", "generalisation", "generalisation_se", "specificity", "specificity_se")
table = pd.DataFrame({name: [1.0, 2.0] for name in columns}).assign(measure="landmarks")
axes += [plot.modes(model, topology)[0, 0], plot.scree(model), plot.scores(along), plot.quality(table)[0]]
axes += [plot.allometry(np.arange(1.0, 10.0), along[:, 0], shapes=np.stack([points, points + 1]), topology=topology)]
axes += [plot.difference(points, points + noise[0], topology), plot.deviation(points + noise[0], points, topology)]
tried = pd.DataFrame({"power": [0.1, 1.0], "se": 0.1}, index=[10, 20])
axes.append(plot.power(Power(tried, 1.0, 1.0, 0.05, 9, 9, 0)))
axes += [plot.growth(np.stack([points, 1.1 * points]), np.array([7.0, 150.0]), topology)]
axes += [plot.size_curves(np.array([7.0, 150.0]), np.array([1.0, 2.0]), ["a", "a"])]
cup = enclose(np.stack([points, 2 * points]), 8.0)
axes.append(plot.surface(cup.vertices, cup.faces))
beats = np.stack([points, 0.9 * points + 2, points + 0.1])
axes += [plot.curves([0, 1, 2], {"$a_": [1, np.nan, 2]}, ed=0), plot.beat([0, 1], {"a": [1, 2]}, {"a": [0, 0.1]})[0]]
axes += [plot.average([0, 1], [[1, 2], [3, 4]], ["a", "b"]), plot.multiples([0, 1], {"$a": [1, 2]})[0]]
axes += [plot.trajectories(beats, topology, es=1), plot.motion_map(beats, topology), plot.agreement([1, 2], [2, 2])]
plot.beating(beats, topology, np.ones((3, 1, 40, 40), dtype=bool)).save(sys.argv[1], writer="pillow")
figures = [ax.get_figure(root=True) for ax in axes]
figures += [plot.cases([("a", mask, points)], topology), plot.loss_curves(log)]
for figure in figures:
    figure.savefig(io.BytesIO(), format="png", dpi=40)
    figure.savefig(io.BytesIO(), format="pdf", dpi=40)
assert "matplotlib.pyplot" not in sys.modules
assert dict.__eq__(matplotlib.rcParams, before)
print(len(figures))
"""


def test_no_pyplot_and_no_global_settings(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "film.gif")], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "25", done.stderr
