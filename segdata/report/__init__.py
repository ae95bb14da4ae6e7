"""One self-contained HTML page over all pipelines: is the data good, is the model good, where does it fail.

build_report(Project.find(), ["sample-via", "sample-voc"])   # → data/report/index.html
"""

from segdata.report.page import build_report

__all__ = ["build_report"]
