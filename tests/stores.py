"""MLflow's store of a checkout, and what a toy configuration logs."""

from mlflow.tracking import MlflowClient

PARAMS = {"dataset": "digits", "space": "code", "affinity": "siamese", "seed": 0}


def runs(root):
    """Return the runs of a checkout's store by their names."""
    client = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("spectralnet")
    return {run.info.run_name: run for run in client.search_runs([experiment.experiment_id])}
