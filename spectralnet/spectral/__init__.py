"""The spectral map: points into the eigenspace of their graph's Laplacian (section 3).

* `orthonormal`: the orthonormal output layer
* `samplers`: minibatches of a graph, each with its estimate of the Rayleigh quotient
* `map`: the net
* `training`: its training, and its last layer
* `laplacian`: exact eigenvectors, Rayleigh-Ritz, distances between eigenspaces
"""
