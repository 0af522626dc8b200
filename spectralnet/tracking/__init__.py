"""MLflow: the only room that knows it. Needs the extra ``pipeline``.

* `runs`: what stages log, and what was run
* `registry`, `serving`: models, logged and served
"""
