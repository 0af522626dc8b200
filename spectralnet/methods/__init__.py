"""Whole methods, each wired of the rooms above: from features to clusters.

* `affinities`: points in a space to a graph
* `learned`: the same in a learned metric; every such affinity by its name
* `spectralnet`: a graph to clusters
* `model`: SpectralNet's trained model, new points included
* `dec`: deep embedded clustering
* `dual_autoencoder`: the Dual Autoencoder Network
* `growing`: more points for a trained SpectralNet
* `kmeans`, `exact`, `rivals`: simpler methods, and those of other libraries
* `catalogue`, `task`: every method by its name; what it is given, what it gives back
* `predictor`: any model with what its samples go through first: what is served
* `description`: what each of its clusters is
* `new`: the samples that it is given, as it took those of the fit
* `predictions`: its answers into files
"""
