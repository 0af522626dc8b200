"""Raw samples to feature rows.

* `files`: images, texts, tables and sparse matrices as they lie on a disk
* `labels`: a user's labels, of any type, to numbers
* `preparation`: what raw samples go through, new ones as well: pixels, columns
* `texts`: the same for texts: stems, TF-IDF
* `streams`: samples a chunk at a time
* `predictions`: clusters into a file
* `sets`: the data sets
"""
