"""Whole methods, each wired of the rooms above: from features to clusters.

* `model`: SpectralNet's trained model, new points included
* `dec`: deep embedded clustering
* `dual_autoencoder`: the Dual Autoencoder Network
* `predictor`: any model with what its samples go through first: what is served
"""
