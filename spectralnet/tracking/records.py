"""Which run made an artifact, and what it cost: told by a hash of the artifact's contents.

The records lie beside DVC's outputs, in ``.runs/`` of the main checkout. So outputs hold nothing
that differs from run to run, and a record is found again where DVC restored its artifact.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from spectralnet.artifacts import content_hash, load_json, save_json
from spectralnet.tracking.checkout import main_root


def save_record(made: Path, record: dict[str, Any]) -> None:
    """Keep the record of the run that made a file or folder."""
    save_json(_place(made), record)


def read_record(made: Path) -> dict[str, Any] | None:
    """Return the record of the last run here that made these contents; None if none did."""
    return load_json(place) if (place := _place(made)).exists() else None


def costs_of(records: Sequence[dict[str, Any] | None]) -> dict[str, float]:
    """Add up what stages cost, of each its record.

    ``seconds_<stage>`` of those that are known; ``seconds`` and ``peak_memory``, the MiB that one
    held at most, of all together, if all are known; of memory, scoring is left out.
    """
    known = {record["stage"]: record for record in records if record is not None}
    costs = {f"seconds_{stage}": round(record["seconds"], 1) for stage, record in known.items()}
    if None not in records:
        costs["seconds"] = round(sum(record["seconds"] for record in known.values()), 1)
        costs["peak_memory"] = max(
            record["peak_memory"] for stage, record in known.items() if stage != "evaluate"
        )
    return costs


def _place(made: Path) -> Path:
    return main_root() / ".runs" / f"{content_hash(made)[:32]}.json"
