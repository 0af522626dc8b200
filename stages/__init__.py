"""The pipeline's stages: ``python -m stages.<name> INPUT ... OUTPUT``, as dvc.yaml calls them."""

import time

STARTED = time.perf_counter()
