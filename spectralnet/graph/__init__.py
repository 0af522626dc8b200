"""Feature rows to a sparse affinity graph W, with degrees D = diag(W 1).

* `neighbours`: the k nearest of every point, exact or approximate
* `distances`: how far rows are apart
* `cells`: the inverted file of the approximate search
* `affinity`: Gaussian weights; degrees
* `overlap`: how many neighbours two neighbours share
* `symmetry`: directed edges to a symmetric graph; its components
* `duplicates`: neighbours of distinct rows, and edges of all
* `supervision`: known labels, pairs that belong together or apart, and the graph then
* `edges`: edges drawn in proportion to their weights
"""
