"""A metric that is learned from the graph's neighbours (section 3.2).

* `pairs`: which points of a minibatch are neighbours
* `siamese`: the net, its pairs and losses
* `confirmed`: the edges that a second space agrees with
* `augmentation`: random changes of the images that it sees
"""
