"""What each picture shows, and what to see in it."""

# By the names of the files, in the order of a report.
CAPTIONS = {
    "embedding": "The spectral embedding: the directions of up to 1,500 points, laid out in the "
    "plane by t-SNE of points of all clusters. Islands of one colour are clusters that the "
    "eigenvectors tell apart; an island of two labels is a confusion, one label on islands "
    "of two colours a split.",
    "clusters": "Random members of each cluster, a row each. A row of one kind is a good "
    "cluster; two kinds in a row were merged, one kind in two rows was split.",
    "terms": "The terms, as stems, by which each cluster stands out, by class-based TF-IDF: often "
    "in its texts, and rarely in others. Terms of one subject mean a clean cluster.",
    "confusion": "Points by label and cluster, clusters in the order of their best match. What "
    "lies off the diagonal counts against ACC: a second full cell in a column is a merged "
    "cluster, in a row a split class.",
    "dendrogram": "How clusters are nested: small groups, named by their cluster, joined in the "
    "order in which the graph ties them, the groups of a cluster first. A line at the tick k cuts "
    "the k clusters of `spectralnet predict --n-clusters k`; that of dots those that were fitted. "
    "Of the black joins, which are of clusters, the lowest are of those that the graph ties most.",
    "affinity": "The affinity graph, its points sorted by cluster: mean weight between bins of "
    "points, on a logarithmic scale. Dark blocks on the diagonal are dense clusters; a dark "
    "patch off it joins two clusters that the graph hardly separates.",
    "eigenvalues": "Eigenvalues of the graph Laplacian, exact and as the net found them, which "
    "cannot be smaller. The closer the crosses, the closer the net is to the eigenspace; the "
    "dotted line marks the largest gap, which suggests a number of clusters.",
    "learning_curves": "Loss by epoch of each net that was trained, on the points that it is "
    "trained on and on those held out; the ring marks the epoch whose weights were kept. A "
    "held-out curve that rises while the other falls means over-fitting; one that still falls "
    "at the end asks for more epochs.",
}
