"""Pictures that students put into their written answers, such as a photo of a page: notebooks hold them as a cell's attachments."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterator
from typing import Any

from autograder.grading.submissions import get_id

KINDS = ("image/png", "image/jpeg", "image/gif", "image/webp")
MAX_PICTURE, MAX_PICTURES = 4_000_000, 12
"""Bytes of a picture, and pictures that are kept of an answer."""


def take_pictures(notebook: Any, submitted: Any) -> list[str]:
    """Put into the written answers of a rebuilt notebook the pictures that were handed in with them; returns notes on those left out."""
    handed_in: dict[str, dict[Any, Any]] = {}
    for cell in reversed(submitted.cells):  # of a cell that is there twice, either copy may be the answer
        if isinstance(own := cell.get("attachments"), dict) and cell.cell_type == "markdown":
            handed_in.setdefault(get_id(cell), {}).update(own)
    notes = []
    for cell in notebook.cells:
        if not get_id(cell) or cell.cell_type != "markdown" or not cell.metadata["nbgrader"].get("solution"):
            continue
        cell.pop("attachments", None)
        if not (given := handed_in.get(get_id(cell))):
            continue
        kept = dict(_read_pictures(given))
        if kept:
            cell.attachments = kept
        if len(kept) < len(given):
            notes.append(
                f"The answer '{get_id(cell)}' has attachments that are left out: pictures as PNG, JPEG, GIF or WebP are kept, "
                f"up to {MAX_PICTURES} of at most {MAX_PICTURE / 1e6:.0f} MB each."
            )
    return notes


def list_pictures(cell: Any) -> list[str]:
    """A digest of each picture of a cell, sorted: a changed picture is a changed answer."""
    found = cell.get("attachments")
    pictures = _read_pictures(found) if isinstance(found, dict) else ()
    return sorted(
        hashlib.blake2b(f"{name}\0{data}".encode("utf-8", "replace"), digest_size=8).hexdigest()
        for name, one in pictures
        for data in one.values()
    )


def _read_pictures(given: dict[Any, Any]) -> Iterator[tuple[str, dict[str, str]]]:
    """The pictures among attachments, as a notebook has them: by name, then by kind, in base64."""
    count = 0
    for name, one in given.items():
        for kind, data in one.items() if isinstance(name, str) and isinstance(one, dict) else ():
            if kind in KINDS and isinstance(data, str) and _is_base64(data) and count < MAX_PICTURES:
                count += 1
                yield name, {kind: "".join(data.split())}
                break


def _is_base64(data: str) -> bool:
    if len(data) > MAX_PICTURE * 4 // 3 + 1000:
        return False
    try:
        return len(base64.b64decode("".join(data.split()), validate=True)) > 0
    except (binascii.Error, ValueError):
        return False
