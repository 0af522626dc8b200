"""Models out of the house: over HTTP (extra ``serve``), and as ONNX (extra ``onnx``).

* `commands`: ``spectralnet serve``, ``spectralnet export``
* `console`: what all commands share
* `models`: a model by its folder, or by its name in MLflow
* `bodies`: what a request sends, to raw samples
* `app`, `page`: the JSON API, and a web page for it
* `graph`, `export`: the whole predictor as one graph of tensors, and as a file
"""
