"""DEC (Xie et al., ICML 2016).

* `model`: encoder, centroids, soft assignments
* `training`: codes that move towards their centroids
"""
