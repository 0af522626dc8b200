"""An embedding to clusters, and what they are worth.

* `kmeans`: centroids of directions; the nearest one
* `selection`: what can be chosen without labels: modularity, eigengap, agreement
* `noise`: points that belong to none
* `scores`: scores against labels: ACC, NMI, ARI
"""
