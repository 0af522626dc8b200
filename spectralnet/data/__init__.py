"""Raw samples to feature rows.

* `files`: what a file is; images, texts and sparse matrices as they lie on a disk
* `tables`: the same of CSV, JSON lines and parquet; `svmlight`: of that format
* `reader`: whatever holds samples, a chunk at a time
* `numbers`: columns of a table to rows of numbers
* `labels`: a user's labels, of any type, to numbers
* `pairs`: pairs of a user's samples that belong together or apart
* `preparation`: what raw samples go through, new ones as well: columns of numbers
* `beside`: texts and names of images beside vectors
* `described`: what may stand in the file of a saved preparation
* `pixels`, `texts`: the same for images, in grey; for texts: stems, TF-IDF
* `given_graph`: a graph of the user's own
* `sets`: the data sets
"""
