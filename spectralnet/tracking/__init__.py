"""MLflow: the only room that knows it. Needs the extra ``pipeline``.

* `runs`: what a stage logs
* `leaderboard`: what was run
* `registry`, `serving`: models, logged and served
"""
