"""The parameters as a whole: each part declares its own beside its code, with its defaults.

* `params`: what ``params.yaml`` holds, and what does not go together
* `reading`: the file
* `settings`: the block of a data set
* `defaults`: what the estimators take where nothing is said
* `limits`: whether parameters fit the points
"""
