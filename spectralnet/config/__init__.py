"""The parameters as a whole: each part declares its own beside its code.

* `schema`: ``params.yaml``, read and checked
* `defaults`: what the estimators take where nothing is said
* `limits`: whether parameters fit the points
"""
