"""MLflow: the only room that knows it. Needs the extra ``pipeline``.

* `checkout`, `records`: where runs are kept; which run made an artifact, and what it cost
* `store`: where MLflow keeps runs, and whether it answers
* `processes`: which runs are of processes that have ended
* `unsent`, `stage`: what stages log, also where the server is lost
* `runs`: configurations and their stages, and what was run
* `registry`, `serving`: models, logged and served
"""
