"""Pictures, pages and tables of runs. Needs the extra ``pipeline``; `exploration` ``explore``.

* `comparison`: beside exact spectral clustering
* `plots`, `dendrogram`, `classes`, `captions`: pictures, and what to see in them
* `page`: the report of a run, one HTML file
* `shown`, `looks`: what samples look like: images, texts, columns
* `layout`: points in the plane
* `scatter`, `panels`, `explorer`: a page to explore clusters in, one HTML file
* `exploration`: that page from a model and a file
* `model_card`: what a model is, in Markdown
* `results`: the table of all results, and its document
"""
