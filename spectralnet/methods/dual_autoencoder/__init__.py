"""The Dual Autoencoder Network (Yang et al., CVPR 2019).

* `net`: encoder, decoder and their losses
* `information`: mutual information of features and codes
* `training`: the four phases
* `clustering`: as a method of the pipeline
"""
