"""How the site is built: ``python -m sphinx -W --keep-going docs docs/_build/html``.

Everything that a page needs stands beside it, so the site also opens from a folder:
formulas are MathML, the search index is a script, and nothing is read from other hosts.
"""

import sys
import warnings
from configparser import ConfigParser
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
# The package of this checkout, whatever is installed, and the extensions of the site.
sys.path[:0] = [str(ROOT), str(DOCS / "_ext")]

from gallery import COPIES, GALLERY, SUBJECTS, pattern_to_run  # noqa: E402

from sksequence import __version__  # noqa: E402

_CONFIG = ConfigParser()
_CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")

project = "sksequence"
author = _CONFIG["metadata"]["author"]
copyright = author
version = release = __version__

extensions = [
    "numpydoc",
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    # Of docs/_ext.
    "anchors",
    "gallery",
    "links",
    "mathml",
    "reference",
]
exclude_patterns = ["_build", "_examples", "**/GALLERY_HEADER.rst"]
suppress_warnings = ["config.cache"]  # the gallery is configured with functions
nitpicky = False
smartquotes = False  # `default='max'` is code
add_module_names = False
toc_object_entries_show_parents = "hide"

# ----------------------------------------------------------------------------- reference

autodoc_typehints = "none"  # types stand in the docstrings
autosummary_generate = False  # `reference` writes the pages
numpydoc_show_class_members = False
# The section of layers that `reference` turns into notes.
warnings.filterwarnings("ignore", "Unknown section Shape")

# ------------------------------------------------------------------------------ Markdown

myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 4

# ------------------------------------------------------------------------------- gallery

sphinx_gallery_conf = {
    "examples_dirs": COPIES.name,
    "gallery_dirs": GALLERY,
    "filename_pattern": pattern_to_run(),
    "subsection_order": [f"{COPIES.name}/{subject}" for subject in SUBJECTS],
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "reference/examples",
    "doc_module": ("sksequence",),
    "reset_modules": ("matplotlib",),
    "image_scrapers": ("matplotlib",),
    "capture_repr": (),
    "reset_argv": "gallery.arguments_of",
    "min_reported_time": 0,
    "abort_on_example_error": False,
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,  # that page reads scripts of other hosts
    "remove_config_comments": True,
    "plot_gallery": "True",
}

# ---------------------------------------------------------------------------------- look

html_theme = "pydata_sphinx_theme"
html_title = f"{project} {version}"
html_baseurl = _CONFIG["metadata"]["url"] + "/en/latest/"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["offline.js"]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 6,
    "navigation_with_keys": False,
    "show_toc_level": 2,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}
html_context = {"default_mode": "auto"}  # light or dark, as the reader's system is
html_sidebars = {"index": []}
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
