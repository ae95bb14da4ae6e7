"""Pieces of formats that need more than one file: <format>_<piece>.py belongs to that format, the others to all."""
