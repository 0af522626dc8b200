"""Run the real pipeline on 300 digits in a throw-away clone, and print its scores.

With a revision, ``python tests/tiny.py origin/main``, that revision's pipeline is run first, and
what differs is printed as Markdown. Stages that compute the same are restored, not run again.
"""

import io
import runpy
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from clones import ROOT, TINY, Clone


def run_revision(clone: Clone, revision: str) -> bool:
    """Run and commit the pipeline of a revision; return whether it runs in this environment."""
    command = ["git", "archive", revision]
    tree = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    clone.git("rm", "-r", "--quiet", ".")
    with tarfile.open(fileobj=io.BytesIO(tree)) as archive:
        archive.extractall(clone.root, filter="data")
    commit(clone, "base-code")
    try:
        clone.experiment("base", **runpy.run_path(str(clone.root / "tests/clones.py"))["TINY"])
    except (AssertionError, KeyError, OSError) as error:
        print(error, file=sys.stderr)
        return False
    commit(clone, "base")
    return True


def commit(clone: Clone, name: str) -> None:
    """Commit the checkout and name the commit."""
    clone.git("add", "--all")
    clone.git("commit", "--quiet", "--allow-empty", "--message", name)
    clone.git("tag", name)


def difference(folder: Path, revision: str) -> str:
    """Return a table of the metrics that differ from those of a revision."""
    command = [sys.executable, "-m", "dvc", "metrics", "diff", "--md", revision]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    table = done.stdout.strip()
    return table if table.count("\n") > 1 else "No metric differs."


def main(revision: str | None = None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clone = Clone(Path(folder))
        if revision is None:
            clone.experiment("tiny", **TINY)
            print(clone.run("stages.show").stdout)
            return
        commit(clone, "head")
        compared = run_revision(clone, revision)
        clone.git("read-tree", "-u", "--reset", "head")
        commit(clone, "head-again")
        ran = clone.experiment("head", **TINY)
        print(f"### 300 digits, against `{revision}`\n")
        print(f"Stages that ran again: {', '.join(sorted(ran)) or 'none'}.\n")
        print(difference(clone.root, "base") if compared else f"`{revision}` does not run here.")
        print(f"\n### Committed results, against `{revision}`\n")
        print(difference(ROOT, revision))


if __name__ == "__main__":
    main(*sys.argv[1:])
