"""Make the reference pages: activations, losses, optimizers and the glossary, in `release/reference/`, where students find them beside the chapters."""

from __future__ import annotations

import re
import tempfile
from functools import cache
from pathlib import Path

from autograder.authoring.freshness import digest_reference, note_reference
from autograder.authoring.glossary import GLOSSARY, Term, find_title, read_glossary
from autograder.authoring.placing import find_differences, put_in_place
from autograder.course.catalog.activations import ACTIVATIONS
from autograder.course.catalog.entry import Entry, Page
from autograder.course.catalog.losses import LOSSES
from autograder.course.catalog.optimizers import OPTIMIZERS
from autograder.course.catalog.svg import HEIGHT, WIDTH, Picture, write_svg

PAGES = (ACTIVATIONS, LOSSES, OPTIMIZERS)
FOLDER = Path("release", "reference")


def build_reference(root: Path) -> list[str]:
    """Write the pages, and note that they are fresh; returns the paths, relative to `root`, that changed."""
    origin = digest_reference(root)
    with tempfile.TemporaryDirectory() as stage:
        write_pages(root, Path(stage))
        changed = put_in_place(Path(stage), root / FOLDER, root)
    note_reference(root, origin)
    return changed


def check_reference(root: Path) -> list[str]:
    """The files, relative to `root`, that `build_reference` would change."""
    with tempfile.TemporaryDirectory() as stage:
        write_pages(root, Path(stage))
        return [path for path, _ in find_differences(Path(stage), root / FOLDER, root)]


def write_pages(root: Path, folder: Path) -> None:
    """Write the pages and their pictures into `folder`."""
    (folder / "pictures").mkdir()
    for page in PAGES:
        (folder / f"{page.file}.md").write_text(make_page(page), encoding="utf-8")
        for entry in page.entries:
            picture = write_svg(_draw(entry), entry.sees)
            (folder / "pictures" / f"{entry.anchor}.svg").write_text(picture, encoding="utf-8")
    (folder / GLOSSARY).write_text(make_glossary(read_glossary(root), root), encoding="utf-8")


def make_page(page: Page) -> str:
    """A page of the catalog as Markdown."""
    parts = [f"# {page.title}", page.opening, _point_elsewhere(page.file)]
    parts += [
        f"**{group}**: " + " · ".join(f"[{entry.name}](#{entry.anchor})" for entry in entries)
        for group, entries in page.groups.items()
    ]
    for group, entries in page.groups.items():
        parts += [f"## {group}", *(make_entry(entry) for entry in entries)]
    return "\n\n".join(parts) + "\n"


def make_entry(entry: Entry) -> str:
    facts = {
        "Shapes": entry.shapes,
        "Use": entry.use,
        "Trap": entry.trap,
        "PyTorch": entry.torch or "not in PyTorch; write it from the formula",
        "Source": entry.source,
    }
    picture = (
        f'<img src="pictures/{entry.anchor}.svg" width="{WIDTH}" height="{HEIGHT}" '
        f'alt="{_draw(entry).title}: {entry.sees}.">'
    )
    parts = [
        f'<a id="{entry.anchor}"></a>\n\n### {entry.name}',
        entry.idea,
        picture,
        f"$$\n{entry.formula}\n$$",
        "\n".join(f"- **{name}**: {text}" for name, text in facts.items() if text),
        entry.note,
    ]
    return "\n\n".join(part for part in parts if part)


@cache
def _draw(entry: Entry) -> Picture:
    return entry.draw()


def _point_elsewhere(own: str) -> str:
    others = {page.file: page.title for page in PAGES} | {"glossary": "Glossary"}
    return "See also: " + ", ".join(f"[{title}]({file}.md)" for file, title in others.items() if file != own) + "."


# --- the glossary --------------------------------------------------------------------------------------


def make_glossary(terms: list[Term], root: Path) -> str:
    """The glossary as Markdown, in the order of the alphabet, with a link to the notebook that introduces each term."""
    ordered = sorted(terms, key=lambda term: (term.name.lower(), term.name))
    letters = list(dict.fromkeys(_initial(term) for term in ordered))
    parts = [
        "# Glossary",
        "Every term of the course, once, with the notebook that introduces it.",
        _point_elsewhere("glossary"),
        " · ".join(f"[{letter}](#letter-{letter.lower()})" for letter in letters),
    ]
    for letter in letters:
        parts.append(f'<a id="letter-{letter.lower()}"></a>\n\n## {letter}')
        parts += [make_definition(term, root) for term in ordered if _initial(term) == letter]
    return "\n\n".join(parts) + "\n"


def make_definition(term: Term, root: Path) -> str:
    title = find_title(root, term.notebook)
    title = f"[{title}](../{term.notebook}.ipynb)" if title else name_notebook(term.notebook)
    return f'<a id="{term.anchor}"></a>**{term.name}**: {term.meaning} ({title})'


def name_notebook(notebook: str) -> str:
    """How a notebook is called that isn't there: `01_activations/3_activation_family` → `1.3 · activation family`."""
    found = re.fullmatch(r"(\d+)_[^/]+/(\d+)_(.+)", notebook)
    return f"{int(found[1])}.{found[2]} · {found[3].replace('_', ' ')}" if found else notebook


def _initial(term: Term) -> str:
    return term.name[0].upper()
