"""Sphinx: pages in Markdown, the Python reference from docstrings."""

from importlib import metadata

project = "Tidegate"
copyright = "2026 Tidegate contributors"
release = metadata.version("tidegate")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_typehints = "description"
napoleon_google_docstring = False

html_theme = "furo"
html_title = "Tidegate"
