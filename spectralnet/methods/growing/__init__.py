"""More data later.

* `neighbours`: of more points, where the former ones' are known
* `points`: the graph of all, and how the new ones differ
* `model`: the model of all
* `former`: a model in a folder, to go on from
"""
