"""Under pytest every notebook runs on the tiny configuration, also when pytest is called by hand."""

import os

os.environ["LABS_CONFIG"] = "tiny"
if "PYTEST_XDIST_WORKER" in os.environ:  # as many tests at a time as there are cores, so a core for each
    os.environ["OMP_NUM_THREADS"] = "1"
