"""Feature rows to the space in which neighbours are searched.

* `spaces`: which there are, and which is meant by "auto"
* `lsa`: latent semantic analysis of texts
* `autoencoder`: the autoencoder of the code space
"""
