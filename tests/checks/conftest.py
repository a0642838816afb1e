"""What the tests of checks share."""

import pytest


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The notebook's folder, without a list of known mistakes."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
