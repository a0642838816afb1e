"""The course's own glossary: each term is introduced by a notebook that is there, and in which it occurs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder.authoring.glossary import Term, read_glossary

ROOT = Path(__file__).parents[2]
TERMS = read_glossary(ROOT)


def occurs(term: Term, text: str) -> bool:
    """Whether the text, code and all, calls the term by its name or by one of its forms."""
    forms = [re.escape(form).replace(r"\ ", r"\s+") for form in (term.name, *term.forms) if form != "-"]
    return bool(re.search(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", text, re.IGNORECASE))


@pytest.mark.parametrize("notebook", sorted({term.notebook for term in TERMS}))
def test_a_notebook_introduces_its_terms(notebook: str) -> None:
    path = ROOT / "notebooks" / f"{notebook}.md"
    assert path.is_file()
    text = path.read_text(encoding="utf-8")
    assert [term.name for term in TERMS if term.notebook == notebook and not occurs(term, text)] == []
