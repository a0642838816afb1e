"""Whether what JupyterLab loads was made from the sources as they are: a digest of these lies beside it.

`python -m autograder.desk.built MADE SOURCES` writes it; `labextension/build.sh` calls that.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

NOTE = "made-from.txt"
"""The file with the digest, in the folder that was made."""

SOURCES = ("package.json", "package-lock.json", "tsconfig.json", "src/**/*", "style/**/*")
"""What the build reads, in `labextension/`."""


def digest_sources(folder: Path) -> str:
    """A digest of the names and texts of all that the build reads; line endings don't count."""
    whole = hashlib.sha256()
    for path in sorted({path for pattern in SOURCES for path in folder.glob(pattern) if path.is_file()}):
        text = path.read_bytes().replace(b"\r\n", b"\n")
        whole.update(f"{path.relative_to(folder).as_posix()} {len(text)}\n".encode())
        whole.update(text)
    return whole.hexdigest()


def read_note(made: Path) -> str:
    """The digest that was written when `made` was built; empty where there is none."""
    note = made / NOTE
    return note.read_text(encoding="utf-8").strip() if note.is_file() else ""


if __name__ == "__main__":
    (Path(sys.argv[1]) / NOTE).write_text(digest_sources(Path(sys.argv[2])) + "\n", encoding="utf-8")
