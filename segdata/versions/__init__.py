"""Versions of a shard set: which there are in git's history, and what changed between two of them.

>>> with open_version(project, "sample-via", "HEAD~1") as before, open_version(project, "sample-via", None) as after:
...     difference = compare(before, after)
>>> difference.added, difference.pixels_changed
((SampleAt(id='street', split='train'),), 1204)

git knows the history of dvc.lock, DVC's cache holds the files that it names; both are only read. segdata asks the git
command and follows the layout of the cache itself, so that nothing here needs DVC installed.
"""

from segdata.versions.changes import Difference
from segdata.versions.difference import compare
from segdata.versions.history import HistoryEntry, read_history
from segdata.versions.opening import Version, open_version

__all__ = ["Difference", "HistoryEntry", "Version", "compare", "open_version", "read_history"]
