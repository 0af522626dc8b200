"""The data sets: where they are had, and what tells their samples apart.

Needs the extra ``pipeline``.

* `catalogue`: every data set by its name; what is kept, held out, told
* `mnist`: MNIST and Fashion-MNIST, from mirrors or a folder
* `reuters`, `rcv1`: news
* `own`: a user's file or folder
"""
