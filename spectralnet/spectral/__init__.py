"""The spectral map: points into the eigenspace of their graph's Laplacian (section 3).

* `orthonormal`: the orthonormal output layer
* `sampling`: what a way to draw minibatches of a graph has to offer
* `batch_sampler`: the paper's, of points with affinities inside each
* `eigenvector_sampler`: of points with their places in exact eigenvectors
* `samplers`: of edges, and the names of all
* `landmarks`: where points lie among some of them
* `map`: the net
* `last_layer`: its last layer, once it is trained
* `trained`: what a training found, and how near it is
* `training`: its training
* `laplacian`: Rayleigh-Ritz, residuals, distances between eigenspaces
* `exact`: exact eigenvectors
"""
