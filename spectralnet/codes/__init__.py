"""Feature rows to short codes, among which neighbours are searched.

* `autoencoder`: the autoencoder of the code space
"""
