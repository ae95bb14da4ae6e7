"""Prefect flows: fan-out, retries and progress around segdata's own functions. Nothing is decided here.

Settings stand in the environment before prefect is imported: its state lies inside the project (.segdata/prefect),
it sends nothing anywhere (its second web page would: see ui.py), and it logs warnings only. Whatever the caller has set wins.
"""

import os
from pathlib import Path

from segdata.errors import ConfigError
from segdata.project import Project


def _prefect_home() -> Path:
    try:
        return Project.find().scratch_dir("prefect")
    except ConfigError:  # imported from outside a project, to read the code or its help
        return Path.cwd() / ".segdata" / "prefect"


for _name, _value in {
    "PREFECT_HOME": str(_prefect_home()),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_SERVER_LEVEL": "WARNING",
    "PREFECT_CLI_PROMPT": "false",
}.items():
    os.environ.setdefault(_name, _value)
