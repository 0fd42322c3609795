"""Generated cohorts with known truth: the shipped example, and the source of exact answers for tests."""

from atlaskit.phantom.cohort import Phantom
from atlaskit.phantom.thorax import chest
from atlaskit.phantom.ventricle import cine

__all__ = ["Phantom", "chest", "cine"]
