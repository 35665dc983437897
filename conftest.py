"""Under pytest every notebook runs on the tiny configuration, also when pytest is called by hand."""

import os

import pytest

os.environ["LABS_CONFIG"] = "tiny"
if "PYTEST_XDIST_WORKER" in os.environ:  # as many tests at a time as there are cores, so a core for each
    os.environ["OMP_NUM_THREADS"] = "1"

LONGEST = "test_runs", "test_browser", "test_project", "test_benchmarks", "test_tables"  # no file is split


def pytest_collection_modifyitems(items):
    """The files that take longest come first, so that no worker is left with one of them when the others are done."""
    items.sort(key=lambda item: LONGEST.index(item.path.stem) if item.path.stem in LONGEST else len(LONGEST))


@pytest.fixture(autouse=True, scope="module")
def style_of_its_own():
    """Cells of a lab that a test runs set the labs' style; the next file begins with matplotlib's own."""
    import matplotlib

    with matplotlib.rc_context():
        yield
