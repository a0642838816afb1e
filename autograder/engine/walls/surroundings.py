"""The variables that processes of the engine see: the same wherever a grading is started, whatever a cluster, a hub or a user has set."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import site
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HIDDEN = "AUTOGRADED_HIDDEN"
"""A variable for the warm process alone: folders of the host that must not be seen from behind the walls."""

_PYTHON = ("PYTHONHOME", "PYTHONPATH", "PYTHONUSERBASE", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX", "PYTHONPLATLIBDIR")
"""By which Python finds itself and its modules. The others change what a program does, such as `PYTHONOPTIMIZE`."""

_INHERITED = ("PATH", "TZ", "LD_LIBRARY_PATH", "JUPYTER_PATH", "AUTOGRADED_NOISE", *_PYTHON)
"""What programs, libraries and kernels are found by. Everything else that could be set would change what a notebook does."""

_ARITHMETIC = ("ATEN_", "ONEDNN_", "DNNL_", "MKL_", "OPENBLAS_", "NPY_")
"""What variables begin with that choose how numbers are computed."""

COMPUTING = {
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMEXPR_NUM_THREADS"), "1"),
    **dict.fromkeys(("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"), ""),
}
"""One thread, and no graphics card: the student's side has none, and a tensor must not be elsewhere on the examiner's."""


def make_environment(folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """What the warm process is started with. `folder` is its own, and becomes its home and the place of its temporary files."""
    kept = {name: value for name, value in os.environ.items() if name in _INHERITED or name.startswith(_ARITHMETIC)}
    if paths := [os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]:
        kept["PYTHONPATH"] = os.pathsep.join(paths)  # it starts in another folder
    if site.ENABLE_USER_SITE and site.getusersitepackages() in sys.path:
        kept["PYTHONUSERBASE"] = site.getuserbase()  # its home is another one
    if fonts := _find_font_cache():
        kept["MPLCONFIGDIR"] = fonts
    if (found := importlib.util.find_spec("matplotlib")) and found.origin:
        kept["MATPLOTLIBRC"] = str(Path(found.origin).parent / "mpl-data" / "matplotlibrc")  # not the user's settings
    return {
        **kept,
        **COMPUTING,
        "LANG": "C.UTF-8",
        "PYTHONUTF8": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        HIDDEN: os.pathsep.join([os.getcwd(), tempfile.gettempdir()]),
        **more,
    }


def make_worker_environment() -> dict[str, str]:
    """What processes that know the gradebook's side start with: the user's variables, except for those that change how Python works."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON") or name in _PYTHON}
    return {**kept, "PYTHONUTF8": "1", "MPLBACKEND": "agg"}


def _find_font_cache() -> str | None:
    """Where matplotlib keeps its list of fonts, which takes seconds to make; `None` where it could not write there."""
    home, cache, own = (os.environ.get(name) for name in ("HOME", "XDG_CACHE_HOME", "MPLCONFIGDIR"))
    place = own or (f"{cache or f'{home}/.cache'}/matplotlib" if cache or home else "")
    if not os.path.isabs(place):
        return None
    with contextlib.suppress(OSError):
        os.makedirs(place, exist_ok=True)
    return place if os.access(place, os.W_OK | os.X_OK) else None


def forget_host() -> None:
    """In a fork with variables of its own: libraries keep nothing of those of the warm process."""
    tempfile.tempdir = None
    site.USER_BASE = site.USER_SITE = None
    import matplotlib
    from IPython.core.interactiveshell import InteractiveShell

    for remember in (matplotlib.get_configdir, matplotlib.get_cachedir):
        _forget_result(remember)
    if InteractiveShell.initialized():
        shell, folder = InteractiveShell.instance(), os.environ.get("IPYTHONDIR", f"{tempfile.gettempdir()}/ipython")
        before = shell.ipython_dir
        for values in (shell._trait_values, shell.profile_dir._trait_values):
            for name, value in values.items():
                if isinstance(value, str) and before and value.startswith(before):
                    values[name] = folder + value.removeprefix(before)


def _forget_result(function: Any) -> None:
    """Of a function that matplotlib lets keep its first result."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if name in ("called", "ret"):
            cell.cell_contents = False if name == "called" else None


def hidden_folders() -> list[str]:
    """The folders that must not be seen: the course's, and that of temporary files, where submissions lie."""
    return [os.path.realpath(folder) for folder in os.environ.get(HIDDEN, ".").split(os.pathsep)]
