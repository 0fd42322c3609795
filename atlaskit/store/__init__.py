"""The landmark set on disk: a Zarr group that `xarray.open_zarr` reads as it is.

All per-case arrays share one shard length. A writer owns whole shards and writes nothing smaller; the status of a case
is written after everything else of it, so a killed writer leaves cases pending and never half taken. Metadata changes
only when a store is created and when cases are added, and is consolidated then; nobody else may be writing meanwhile.
"""

from atlaskit.store.groups import drop_group, read_group, write_group
from atlaskit.store.opening import open_or_create, open_store, read
from atlaskit.store.rows import LandmarkStore

__all__ = [
    "LandmarkStore",
    "drop_group",
    "open_or_create",
    "open_store",
    "read",
    "read_group",
    "write_group",
]
