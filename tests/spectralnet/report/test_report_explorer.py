import base64
import io
import re

import numpy as np
import pandas as pd
import pytest
from browsers import browser, needs_browser
from PIL import Image
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.support.wait import WebDriverWait

from spectralnet.clusters.kmeans import Assignment
from spectralnet.methods.description import column_effects, describe_clusters, text_effects
from spectralnet.report import explorer
from spectralnet.report import shown as module
from spectralnet.report.explorer import DISTANCE, numbers_of, render_explorer
from spectralnet.report.scatter import by_label, by_number
from spectralnet.report.shown import Shown, make_sheet

EVIL = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 2'>"
CENTROIDS = np.array([[0.0, 0], [9, 0], [0, 9]])


@pytest.fixture
def page():
    """Return a page of 30 texts in two clusters and noise, titles and labels full of HTML."""
    clusters = np.repeat([0, 1, -1], [12, 12, 6])
    places = CENTROIDS[clusters] + np.random.default_rng(0).normal(size=(30, 2))
    texts = [f"{EVIL} crude oil" if cluster == 0 else "a loan of a bank" for cluster in clusters]
    description = describe_clusters(clusters, places, CENTROIDS, text_effects(texts, clusters))
    columns = pd.DataFrame({f"{EVIL} @c0 $x": places[:, 0]})
    labels = [None if cluster < 0 else f"{cluster} {EVIL}" for cluster in clusters]
    shown = Shown(
        names=[f"{i} {EVIL}" for i in range(30)], texts=texts, columns=columns, labels=labels
    )
    shares = np.stack([np.full(30, 0.875), np.full(30, 0.125)], axis=1)
    assigned = Assignment(clusters, places[:, 1], places, shares, np.full(30, 2.25))
    return render_explorer(EVIL, clusters, places, description, shown, numbers_of(assigned), places)


def test_a_page_describes_each_cluster_and_is_one_file(page):
    panels = re.findall(r'<section id="cluster-(\w+)"', page)
    assert panels == ["all", "0", "1", "2"]  # -1, 0, 1
    assert ">Noise<" in page
    assert "<td>oil</td>" in page
    written = re.sub(r"<script.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r'(src|href)="(?!data:)', written)
    assert EVIL not in page


def test_a_table_shows_the_columns_that_tell_clusters_apart():
    clusters = np.repeat([0, 1, 2], 4)
    places = CENTROIDS[clusters] + np.linspace(0, 1, 24).reshape(12, 2)
    columns = pd.DataFrame(np.append(places, np.ones((12, 1)), axis=1), columns=["a", "b", "same"])
    effects = column_effects(columns.to_numpy(), clusters, columns.columns)
    description = describe_clusters(clusters, places, CENTROIDS, effects)
    shown = Shown(columns=columns)
    page = render_explorer(
        "t", clusters, places, description, shown, {DISTANCE: places[:, 0]}, places
    )
    options = re.findall(r'<option value="\d">(.*?)</option>', page)
    assert options[:2] == ["cluster", "distance to the centroid"]
    assert set(options[2:]) == {"a", "b"}


def test_numbers_are_those_that_the_model_tells():
    assigned = Assignment(np.zeros(3, dtype=int), np.arange(3), np.zeros((3, 2)))
    assert [*numbers_of(assigned)] == [DISTANCE]
    shares = np.array([[0.75, 0.25], [0.5, 0.5], [0.125, 0.875]])
    told = numbers_of(assigned._replace(probabilities=shares, outlier_scores=np.full(3, np.nan)))
    assert [*told] == [DISTANCE, "probability"]  # of no space, no score
    assert told["probability"].tolist() == [0.75, 0.5, 0.875]
    told = numbers_of(assigned._replace(probabilities=shares, outlier_scores=np.arange(3)))
    assert told["outlier score"].tolist() == [0, 1, 2]


def test_a_sheet_holds_the_images_at_their_places():
    images = np.random.default_rng(0).integers(0, 256, (9, 2, 3), dtype=np.uint8)
    shown = Shown(images=lambda rows: images[rows], image_shape=(2, 3))
    rows = np.array([8, 1, 4, 2, 7])
    sheet = make_sheet(shown, rows)
    picture = Image.open(io.BytesIO(base64.b64decode(sheet.url.partition(",")[2])))
    zoom = sheet.tile[0] // 3
    for row in rows:
        left, top = (-int(px) // zoom for px in re.findall(r"-(\d+)px", sheet.places[row]))
        tile = np.asarray(picture)[-top : -top + 2, -left : -left + 3]
        np.testing.assert_array_equal(tile, images[row])


def test_so_many_samples_are_chosen_as_a_page_holds(monkeypatch):
    monkeypatch.setattr(module, "MOST_SAMPLES", 6)
    rows = Shown().choose([50, 7, 50], seed=0, n=100)
    assert len(rows) == 6
    assert {7, 50} <= set(rows.tolist())
    monkeypatch.setattr(module, "MOST_PIXELS", 28 * 28 * 2)
    assert Shown(image_shape=(28, 28)).choose([9, 3], seed=0, n=100).tolist() == [3, 9]


def test_of_many_points_some_are_drawn(monkeypatch):
    monkeypatch.setattr(explorer, "MOST_POINTS", 7)
    places = np.arange(40.0).reshape(20, 2)
    description = describe_clusters(np.zeros(20, dtype=int), places, CENTROIDS, n_samples=1)
    page = render_explorer("t", np.zeros(20, dtype=int), places, description, Shown(), {}, places)
    assert "20 points in 1 clusters, 7 of them drawn" in page


def test_what_has_no_label_or_number_has_no_colour():
    found = by_label(["b", None, "a", float("nan")])
    assert found.names == ["a", "b"]
    np.testing.assert_array_equal(found.values, np.float32([1, np.nan, 0, np.nan]))
    found = by_number("x", np.array([np.inf, 1, 2, np.nan]))
    assert 1 <= found.low < found.high <= 2


@needs_browser
@pytest.mark.services
def test_the_page_in_a_browser(page, tmp_path, screenshots):
    """Pointing at a sample tells what it is, a click shows its cluster; nothing of it runs."""
    (tmp_path / "explore.html").write_text(page, encoding="utf-8")
    with browser() as driver:
        driver.get((tmp_path / "explore.html").as_uri())
        ready = "return !!window.Bokeh && Bokeh.documents.length > 0 && Bokeh.documents[0].is_idle"
        WebDriverWait(driver, 30).until(lambda d: d.execute_script(ready))
        place = driver.execute_script("""
            const [plot] = Bokeh.index, points = model("points").data, {frame} = plot;
            const box = plot.canvas_view.el.getBoundingClientRect();
            return [box.left + frame.x_scale.compute(points.x[0]),
                    box.top + frame.y_scale.compute(points.y[0])];""")
        ActionChains(driver).move_by_offset(*map(round, place)).perform()
        told = """
            const inside = node => [...(node.shadowRoot ?? node).querySelectorAll("*")].flatMap(
                n => n.shadowRoot ? [n.shadowRoot.textContent, ...inside(n)] : []);
            return inside(document.body).join(" ");"""
        WebDriverWait(driver, 10).until(lambda d: "crude oil" in d.execute_script(told))
        assert EVIL in driver.execute_script(told)
        assert "probability 0.875" in driver.execute_script(told)
        assert "outlier score 2.25" in driver.execute_script(told)
        ActionChains(driver).click().perform()
        shown = (
            "return [...document.querySelectorAll('section')].filter(s => !s.hidden).map(s => s.id)"
        )
        WebDriverWait(driver, 10).until(lambda d: d.execute_script(shown) == ["cluster-1"])
        assert driver.execute_script("return model('points').selected.indices") == [*range(12)]
        driver.save_screenshot(screenshots / "explore.png")
        choices = driver.find_elements("css selector", "#colouring option")
        titles = ["cluster", "label", DISTANCE, "probability", "outlier score"]
        assert [choice.text for choice in choices] == titles
        for choice in choices:
            choice.click()
        assert driver.execute_script("return model('bar').visible")
        assert driver.execute_script("return window.broken") is None
        assert driver.execute_script("return performance.getEntriesByType('resource').length") == 0
        errors = [entry for entry in driver.get_log("browser") if entry["level"] == "SEVERE"]
        assert errors == []
