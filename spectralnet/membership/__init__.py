"""Whether points belong to their clusters, and how many clusters last: all without labels.

* `calibration`: probabilities from distances, by what stays when a fit is repeated
* `outliers`: how far points are from where fitted ones are
* `part`: the part of a model that tells both of new points
* `stability`: clusterings repeated on halves of the points
* `n_clusters`: how many clusters last on halves
* `hierarchy`: nested clusters of every number
* `numbers`: those that clusters keep when they are found again
"""
