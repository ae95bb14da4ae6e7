"""Shard sets: samples of one size in Arrow IPC files, entered through a manifest that is written last.

>>> shards = ShardSet.open(Path("data/shards/sample-via"))
>>> shards.split("train").images([0, 5]).shape
(2, 96, 128, 3)
"""

from segdata.shards.reader import ShardSet, ShardSplit
from segdata.shards.schema import Statistics

__all__ = ["ShardSet", "ShardSplit", "Statistics"]
