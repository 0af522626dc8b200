"""The nets that need no graph's eigenvectors, and the loop that trains every net.

* `blocks`: perceptron, convolutions, standardisation
* `devices`: CPU or GPU, precision, seeds, rows in chunks
* `training`: held-out loss, one-cycle rate, early stopping, checkpoints
* `saved`: nets on disk
* `autoencoder`, `stacked`: the codes of the code space, and of DEC
* `siamese`, `augmentation`: a metric learned from neighbours, of changed images
"""
