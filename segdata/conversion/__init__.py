"""Conversion of one source into one shard set: plan, convert shard by shard, finish with the manifest.

Flows add fan-out and progress; all meaning is here, in three verbs that work without any flow:

>>> conversion = Conversion.open(Project.find(), "sample-via")
>>> plan = conversion.plan()
>>> results = [conversion.convert(task) for task in plan.tasks]
>>> summary = conversion.finish(plan, results)
"""

from segdata.conversion.convert import Conversion, one_conversion
from segdata.conversion.plan import ConversionPlan, ShardTask
from segdata.conversion.summary import Summary

__all__ = ["Conversion", "ConversionPlan", "ShardTask", "Summary", "one_conversion"]
