"""Under pytest every notebook runs on the tiny configuration, also when pytest is called by hand."""

import os

os.environ["LABS_CONFIG"] = "tiny"
