"""What all nets are made of and trained by.

* `net`: what they have in common
* `gradients`: histograms of oriented gradients, which need no training
* `projection`: rows on a few directions, such as principal ones
* `blocks`: perceptron, convolutions, standardisation
* `devices`: CPU or GPU, precision, seeds, rows in chunks
* `optimisers`: by name
* `batches`: points held out, and cut into minibatches
* `training`: held-out loss, one-cycle rate, early stopping
* `distributed`: one training in several processes
* `checkpoints`: where a killed training goes on
* `stopping`: how it is asked to end
* `saved`: nets on disk
"""
