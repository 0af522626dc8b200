"""The pipeline's stages: ``python -m stages.<name> INPUT ... OUTPUT``, as dvc.yaml calls them."""

import os
import signal
import time

STARTED = time.perf_counter()

# Python may swallow a Ctrl-C while modules are imported. Nothing is there to be saved yet.
if "DVC_STAGE" in os.environ and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
