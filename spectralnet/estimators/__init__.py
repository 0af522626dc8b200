"""scikit-learn's door to the methods.

* `base`: what all have in common: input, prediction, files
* `spectralnet`, `dec`, `dual_autoencoder`: the estimators
"""
