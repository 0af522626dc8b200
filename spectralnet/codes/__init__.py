"""Feature rows to the space in which neighbours are searched.

* `spaces`: which there are, and which is meant by "auto"
* `autoencoder`: the autoencoder of the code space
"""
