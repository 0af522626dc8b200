"""Feature rows to a sparse affinity graph W, with degrees D = diag(W 1).

* `neighbours`: the k nearest of every point, exact or approximate
* `affinity`: Gaussian weights and shared neighbours; known labels; degrees
* `duplicates`: neighbours of distinct rows, and edges of all
* `edges`: edges drawn in proportion to their weights
"""
