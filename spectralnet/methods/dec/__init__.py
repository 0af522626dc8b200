"""DEC (Xie et al., ICML 2016).

* `model`: encoder, centroids, soft assignments
* `stacked`: the autoencoder that it starts from
* `training`: codes that move towards their centroids
* `clustering`: as a method of the pipeline
"""
