"""Points that belong to no cluster."""

NOISE = -1  # in the place of their cluster


def cluster_name(cluster: int) -> str:
    """Return how a cluster is called: its number, or noise."""
    return "noise" if cluster == NOISE else str(cluster)
