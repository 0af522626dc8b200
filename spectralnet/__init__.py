"""SpectralNet: deep spectral clustering (Shaham et al., ICLR 2018).

Data flows one way through these modules: datasets -> autoencoder -> neighbours -> affinity
(siamese learns the metric of a second one) -> spectral -> clustering -> evaluation.
"""
