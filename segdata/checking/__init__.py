"""The validation report: what a person judges annotated photos by, before anything is converted or trained.

found = examine(project, "mine", pictures, jobs=4)     # reads every sample as the conversion would; writes no shard
write_page(folder / "index.html", found)               # folder: data/check-report/mine
write_json(folder / "check.json", found.check)
"""

from segdata.checking.examine import Examination, examine
from segdata.checking.outcome import Check, write_json
from segdata.checking.page import write_page

__all__ = ["Check", "Examination", "examine", "write_json", "write_page"]
