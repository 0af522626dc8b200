"""Feature rows to a sparse affinity graph W, with degrees D = diag(W 1).

* `neighbours`: the k nearest of every point, exact or approximate
* `affinity`: Gaussian weights and shared neighbours; degrees
* `duplicates`: neighbours of distinct rows, and edges of all
* `supervision`: known labels, pairs that belong together or apart, and the graph then
* `edges`: edges drawn in proportion to their weights
"""
