"""An embedding to clusters, and what they are worth.

* `kmeans`: centroids of directions; the nearest one
* `selection`: what is chosen without labels: weights of eigenvectors, the eigengap; modularity
* `noise`: points that belong to none
* `scores`: scores against labels: ACC, NMI, ARI
"""
