"""The spectral map: points into the eigenspace of their graph's Laplacian (section 3).

* `orthonormal`: the orthonormal output layer
* `samplers`: minibatches of a graph, each with its estimate of the Rayleigh quotient
* `landmarks`: where points lie among some of them
* `map`: the net
* `training`: its training, and its last layer
* `laplacian`: Rayleigh-Ritz, residuals, distances between eigenspaces
* `exact`: exact eigenvectors
"""
