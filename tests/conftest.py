"""Tests interrupt programs that they start, as Ctrl-C does; so these must hear it wherever the tests themselves run."""

import signal

from hypothesis import settings

# `make test &` in a script, nohup, some CI runners: a shell's background jobs ignore Ctrl-C, and so would their children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A machine that is busy with other things is no fault of what is tested.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
