"""The data sets: where they are had, and what tells their samples apart.

Those that are downloaded or embedded elsewhere need the extra ``pipeline``.

* `catalogue`: every data set by its name
* `dataset`: what it is, once it is loaded
* `subsets`: what is kept, held out, known by its label
* `mnist`: MNIST and Fashion-MNIST, from mirrors or a folder
* `reuters`, `rcv1`: news
* `own`: a user's file or folder
"""
