"""Surveys of the formats whose own file is long enough without: `_surveys/<format>.py` holds its `survey(root)`."""
