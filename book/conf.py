"""Sphinx's configuration of the book. `course book` sets the pages, their pictures and the terms of the glossary."""

from autograder.course import palette

project = "Autograded"
author = "The Autograded authors"
copyright = "The Autograded authors. Text and figures: CC BY 4.0"
html_title = "Autograded"
language = "en"

extensions = ["myst_nb", "sphinx.ext.mathjax", "autograder.book.extension"]
myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "off"
nb_merge_streams = True
nb_code_prompt_show = "What this notebook imports"
nb_code_prompt_hide = "What this notebook imports"
nb_render_text_lexer = "text"
nb_number_source_lines = False
# Anchors inside a page are looked at by the book's own checker, which sees all of them.
suppress_warnings = ["myst.xref_missing", "myst.header", "mystnb.unknown_mime_type"]

mathjax_path = "mathjax/tex-chtml.js"
mathjax3_config = {
    "chtml": {"mtextInheritFont": True},
    "options": {"enableMenu": False, "enableAssistiveMml": True},
    "loader": {"load": ["a11y/assistive-mml"]},
}

html_theme = "furo"
html_favicon = "_static/favicon.svg"
html_css_files = ["book.css"]
html_js_files = ["book.js"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False
html_permalinks_icon = "#"
pygments_style = "github-light-high-contrast"
pygments_dark_style = "github-dark-high-contrast"
html_theme_options = {
    "navigation_with_keys": False,
    "light_css_variables": {
        "color-brand-primary": palette.BLUE,
        "color-brand-content": "#00629B",
        "color-brand-visited": "#00629B",
    },
    "dark_css_variables": {
        "color-brand-primary": palette.SKY,
        "color-brand-content": "#7CC7F0",
        "color-brand-visited": "#7CC7F0",
    },
}
