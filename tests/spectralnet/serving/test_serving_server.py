"""The real server: under load, in a browser, and as documented."""

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import requests
import torch
from browsers import browser, needs_browser
from clones import ROOT
from PIL import Image
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait
from servers import answers, free_port, process, wait_until

from spectralnet.data.pixels import Pixels
from spectralnet.data.preparation import Columns
from spectralnet.membership.part import Membership
from spectralnet.methods.dec.model import DECModel
from spectralnet.methods.predictor import Predictor
from spectralnet.nets.blocks import MLP

pytestmark = [pytest.mark.services, pytest.mark.xdist_group("serve")]
COMMAND = [sys.executable, "-m", "spectralnet.cli"]


def nearest(preparation, centroids, membership=None):
    encoder = MLP([preparation.n_features])
    return Predictor(preparation, DECModel(encoder, torch.tensor(centroids), membership))


@contextmanager
def served(predictor, folder, *options):
    predictor.save(folder / "model")
    port, log = free_port(), folder / "log"
    command = [*COMMAND, "serve", str(folder / "model"), "--port", str(port), *options]
    with process(command, log, cwd=ROOT) as server:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: answers(f"{address}/health"), server, log)
        yield address


def test_clients_at_once_get_their_own_answers_and_bad_ones_do_not_disturb(tmp_path):
    predictor = nearest(Columns(2), [[0.0, 0.0], [3.0, 3.0], [0.0, 9.0]])
    bad = [b"[" * 100_000, b" " * 3_000_000, b'{"samples": [[1]]}', b'{"samples": [[1, NaN]]}']

    def client(number):
        rng, statuses = np.random.default_rng(number), []
        with requests.Session() as session:
            session.headers["Content-Type"] = "application/json"
            for i in range(30):
                if i % 10 == number:
                    answer = session.post(f"{address}/predict", bad[number % 4], timeout=60)
                    statuses.append(answer.status_code)
                    continue
                x = rng.uniform(0, 9, (rng.integers(1, 50), 2))
                body = json.dumps({"samples": x.tolist()})
                answer = session.post(f"{address}/predict", body, timeout=60)
                found = [row["cluster"] for row in answer.json()["predictions"]]
                np.testing.assert_array_equal(found, predictor.predict(x).clusters)
        return statuses

    with (
        served(predictor, tmp_path, "--max-megabytes", "2", "--threads", "2") as address,
        ThreadPoolExecutor(8) as clients,
    ):
        statuses = sorted(chain.from_iterable(clients.map(client, range(8))))
    assert statuses == [413] * 6 + [422] * 18


def shown(driver):
    """Return the cells of the page's table once it is there, or the reason."""
    WebDriverWait(driver, 20).until(
        lambda d: (
            d.find_elements(By.CSS_SELECTOR, "tbody tr") or d.find_element(By.ID, "reason").text
        )
    )
    lines = driver.find_elements(By.CSS_SELECTOR, "#table tr")
    cells = [
        [cell.text for cell in line.find_elements(By.CSS_SELECTOR, "th, td")] for line in lines
    ]
    return cells, driver.find_element(By.ID, "reason").text


def ask(driver, given):
    WebDriverWait(driver, 20).until(lambda d: d.find_elements(By.ID, "input"))
    driver.find_element(By.ID, "input").send_keys(given)
    driver.find_element(By.TAG_NAME, "button").click()
    return shown(driver)


@needs_browser
def test_the_page_takes_rows(tmp_path, screenshots):
    preparation, unscored = Columns(2, names=["width", "height"]), Membership(0, 2, 20)
    predictor = nearest(preparation, [[0.0, 0.0], [3.0, 4.0]], unscored)
    with served(predictor, tmp_path) as address, browser() as driver:
        driver.get(address)
        cells, reason = ask(driver, "0, 1\n3, 4")
        assert cells == [
            ["sample", "cluster", "distance", "probability", "outlier_score"],
            ["0, 1", "0", "1", "1.00", "-"],
            ["3, 4", "1", "0", "1", "-"],
        ]
        assert reason == ""
        assert "width, height" in driver.find_element(By.ID, "label").text
        driver.save_screenshot(screenshots / "serve-rows.png")
        driver.get(address)
        assert "no numbers, as many in each" in ask(driver, "0, 1\n3")[1]
        driver.get(address)
        assert ask(driver, "0, 1\n3,")[1] == '"3,": value 2 is missing'
        driver.get(f"{address}/docs")
        WebDriverWait(driver, 20).until(
            lambda d: "/predict" in d.find_element(By.TAG_NAME, "body").text
        )
        driver.save_screenshot(screenshots / "serve-docs.png")


@needs_browser
def test_the_page_takes_images(tmp_path, screenshots):
    predictor = nearest(Pixels((4, 4), 255), [[0.0] * 16, [1.0] * 16])
    for name, white in (("black", 0), ("white", 255)):
        Image.new("L", (40, 40), white).save(tmp_path / f"{name}.png")
    with served(predictor, tmp_path) as address, browser() as driver:
        driver.get(address)
        cells, reason = ask(
            driver, "\n".join(str(tmp_path / f"{n}.png") for n in ("black", "white"))
        )
        assert (reason, [row[:2] for row in cells[1:]]) == (
            "",
            [["black.png", "0"], ["white.png", "1"]],
        )
        driver.save_screenshot(screenshots / "serve-images.png")


def test_the_documented_commands_run(tmp_path):
    """All of docs/serve.md in one shell, at a free port."""
    text = (ROOT / "docs/serve.md").read_text(encoding="utf-8").replace("8000", str(free_port()))
    commands = ["set -e", "trap 'kill $(jobs -p)' EXIT"]
    command = tmp_path / "bin/spectralnet"  # this checkout's
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {" ".join(COMMAND)} "$@"\n')
    command.chmod(0o755)
    for number, (language, code) in enumerate(
        re.findall(r"```(sh|python)\n(.*?)```", text, re.DOTALL)
    ):
        if language == "python":
            Path(tmp_path / f"{number}.py").write_text(code)
            code = f"{sys.executable} {number}.py"
        commands.append(f"echo '# {number}'\n{code.strip()}")
    done = subprocess.run(
        ["bash", "-c", "\n".join(commands)],
        cwd=tmp_path,
        env=os.environ
        | {"PYTHONPATH": str(ROOT), "PATH": f"{command.parent}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=580,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert '{"status":"ok"}' in done.stdout
    assert '"columns":["width","height"]' in done.stdout
    assert done.stdout.count('{"predictions": [{"cluster": ') == 2
    assert "clusters differ from `predict`" in done.stdout
