"""The commands of `segdata`, one file each: parse, call a function of the library, print. No command holds any logic.

A file here is a command of its own name, with a `command` object; `cli.py` lists them in the order of the road.
"""
