"""The scikit-learn interface, for use without the pipeline.

* `base`: what all estimators share
* `whole`: a fit that fails changes nothing
* `callbacks`: of scikit-learn's, told of each epoch
* `scale`: one scale for all columns of a table
* `soft`: probabilities, outlier scores, noise
* `nested`: how many clusters, and all of them nested
* `growing`: more points later
* `semi_supervised`: labels and pairs that are told
* `options`: what options go together
* `description`: what their clusters are
* `documentation`: where they are documented
* `spectralnet`, `dec`, `dual_autoencoder`: one class each
"""
