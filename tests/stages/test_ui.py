"""Two experiments compared in MLflow's own pages, in a real browser."""

from urllib.parse import quote

import pytest
from browsers import browser, needs_browser
from mlflow.tracking import MlflowClient
from selenium.webdriver.common.by import By
from selenium.webdriver.support.expected_conditions import presence_of_element_located
from selenium.webdriver.support.wait import WebDriverWait
from servers import mlflow_server

pytestmark = [
    pytest.mark.services,
    pytest.mark.xdist_group("clone"),  # its experiments are run once
]

# Parameters stand in a table; metrics in a grid, whose cells know their row by its place.
READ = """
const row = arguments[0].closest("[role=rowgroup] > div").style.top;
const text = element => element.textContent.trim();
return {
    tables: [...document.querySelectorAll("tr")].map(line => [...line.children].map(text)),
    acc: [...document.querySelectorAll("[role=rowgroup] > div")]
        .filter(cell => cell.style.top === row).map(text),
};
"""


def compare(driver, address, experiment_id, names):
    """Tick runs of the leaderboard and press Compare; return what is shown, by its name."""

    def find(xpath):
        located = presence_of_element_located((By.XPATH, xpath))
        return WebDriverWait(driver, 60).until(located, xpath)

    def click(xpath):
        driver.execute_script("arguments[0].click()", find(xpath))

    leaderboard = quote("tags.stage = 'pipeline' and attributes.status = 'FINISHED'")
    driver.get(f"{address}/#/experiments/{experiment_id}/runs?searchFilter={leaderboard}")
    for name in names:
        row = find(f"//*[@role='row'][.//a[normalize-space()='{name}']]").get_attribute("row-index")
        click(f"//*[@role='row'][@row-index='{row}']//input[contains(@class, 'ag-checkbox')]")
    click("//button[normalize-space()='Compare']")
    shown = driver.execute_script(READ, find("//*[@role='rowgroup']//a[normalize-space()='acc']"))
    for switch in ("Parameters", "Metrics", "Tags"):
        click(f"//button[@aria-label='{switch} - Show diff only']")
    click("//*[@data-component-id='mlflow.assistant.chat_panel.close']")
    details = find("//*[normalize-space()='Run details']")
    driver.execute_script("arguments[0].scrollIntoView()", details)
    return {name: values for name, *values in [*shown["tables"], shown["acc"]]}


@needs_browser
def test_two_experiments_are_compared(clone, input_euclidean, screenshots):
    names = ["code-siamese", "input-euclidean"]
    client = MlflowClient(f"sqlite:///{clone.root / 'mlflow.db'}")
    experiment_id = client.get_experiment_by_name("spectralnet").experiment_id
    parents = {
        run.info.run_name: run
        for run in client.search_runs([experiment_id], "tags.stage = 'pipeline'")
    }
    server = mlflow_server(clone.root, environment=clone.environment())
    with server as address, browser() as driver:
        table = compare(driver, address, experiment_id, names)
        driver.save_screenshot(screenshots / "compare.png")
    order = [parents[name] for name in table["Run Name:"]]
    assert {run.info.run_name for run in order} == set(names)
    assert set(table["affinity"]) == {"siamese", "euclidean"}
    assert len(set(table["dataset"])) == 1
    assert [float(shown) for shown in table["acc"]] == [
        pytest.approx(run.data.metrics["acc"], abs=5e-4) for run in order
    ]
