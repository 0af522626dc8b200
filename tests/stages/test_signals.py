import importlib
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from clones import ROOT

from spectralnet.errors import DataError
from spectralnet.nets.stopping import Stopped, stop_requests
from stages import check
from stages.signals import stoppable


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_a_stage(number):
    before = signal.getsignal(number)
    with pytest.raises(Stopped) as stopped, stoppable():
        os.kill(os.getpid(), number)
    assert stopped.value.number == number
    assert signal.getsignal(number) == before
    assert not stop_requests.number


def test_a_signal_is_not_lost_where_python_swallows_what_is_raised():
    class Finalised:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            self.went_on = True

    with pytest.raises(Stopped), stoppable():  # noqa: PT012
        Finalised()
        time.sleep(5)


def test_a_signal_that_comes_in_an_import_waits_for_its_end(tmp_path, monkeypatch):
    code = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwent_on = True\n"
    (tmp_path / "killed_while_imported.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(Stopped), stoppable():  # noqa: PT012
        assert importlib.import_module("killed_while_imported").went_on
        time.sleep(5)


EARLY = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ["DVC_STAGE"] = "graph"
import stages
try:
    os.kill(os.getpid(), signal.SIGINT)
except KeyboardInterrupt:
    pass
"""


def test_ctrl_c_ends_a_stage_that_is_still_being_imported():
    ended = subprocess.run([sys.executable, "-c", EARLY], check=False)
    assert ended.returncode == -signal.SIGINT


def test_a_training_is_asked_once_by_what_comes_twice():
    with stoppable(), pytest.raises(Stopped), stop_requests.at_steps():  # noqa: PT012
        for _ in range(2):  # from DVC, and from the shell
            os.kill(os.getpid(), signal.SIGTERM)
        assert stop_requests.number == signal.SIGTERM


STUCK = """
import sys, threading
from stages import signals
threading.Thread(target=threading.Event().wait).start()
signals.PATIENCE = 0.2
signals.end_soon(143)
sys.exit(143)
"""


def test_a_thread_that_nobody_wakes_keeps_no_stage_that_was_asked_to_end():
    done = subprocess.run([sys.executable, "-c", STUCK], cwd=ROOT, timeout=30, check=False)
    assert done.returncode == 143


CHILD = """
import os, time
from stages.signals import end_with_parent
end_with_parent()
print(os.getpid(), flush=True)
time.sleep(60)
"""
PARENT = (
    "import subprocess, sys, time; subprocess.Popen([sys.executable, '-c', sys.argv[1]]).wait()"
)


def test_a_stage_ends_with_the_dvc_that_runs_it():
    environment = os.environ | {"DVC_STAGE": "graph"}
    command = [sys.executable, "-c", PARENT, CHILD]
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE) as parent:
        stage = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    stage.wait(timeout=5)


def test_a_lock_that_a_kill_damaged_is_mended_unless_dvc_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    lock = tmp_path / ".dvc/tmp/rwlock"
    check.mend_rwlock()
    lock.parent.mkdir(parents=True)
    lock.write_text('{"read": {}}')
    check.mend_rwlock()
    assert lock.exists()
    lock.write_text("")
    (tmp_path / "dvc").write_text("print(flush=True); import time; time.sleep(60)")
    command = [sys.executable, "dvc", "repro"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as running:
        running.stdout.readline()
        with pytest.raises(DataError, match=rf"DVC runs here \(process {running.pid}\)"):
            check.mend_rwlock()
        running.kill()
    assert lock.exists()
    check.mend_rwlock()
    assert not lock.exists()
    assert "removed .dvc/tmp/rwlock" in capsys.readouterr().out
