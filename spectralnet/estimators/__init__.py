"""The methods as scikit-learn estimators.

* `base`: what all have in common: input, prediction, files
* `description`: what their clusters are
* `spectralnet`, `dec`, `dual_autoencoder`: the estimators
* `scaling`: what rows go through before
"""
