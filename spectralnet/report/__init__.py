"""Pictures, pages and tables of runs. Needs the extra ``pipeline``.

* `comparison`: beside exact spectral clustering; what stands out in a cluster
* `plots`, `captions`: pictures, and what to see in them
* `page`: the report of a run, one HTML file
* `model_card`: what a model is, in Markdown
* `results`: the table of all results, and its document
"""
