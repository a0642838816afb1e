"""Make what a hub needs and doesn't have yet; what is there stays as it is."""

from __future__ import annotations

import json
import os
import secrets
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from autograder.course.workspace import DESK, PAGE, SETTINGS
from autograder.errors import CourseError
from autograder.hub.machine import find_account, make_path
from autograder.hub.settings import Settings

PASSWORDS = "first_passwords.csv"
"""In the private folder: who got which password when their account was made."""

FOR_STUDENTS = ("@jupyter/nbgrader:assignment-list", "@jupyter/nbgrader:menu")
"""Of nbgrader's tools, what students have on a hub: the list from which work is handed in, and the menu that opens it."""

OWNER_ONLY, EVERYONE, DROP_BOX, BY_NAME, ANYONE = 0o700, 0o755, 0o2733, 0o711, 0o1777
"""Modes of folders. Into a drop box everyone puts things that only the owner can list; where names are secret, everyone reads by name."""

Tell = Callable[[str], None]


def prepare(settings: Settings, program: Path, tell: Tell) -> None:
    """Accounts, folders, the course, what Jupyter reads. Raises `CourseError` where something is in the way."""
    os.umask(0o022)
    _make_accounts(settings, tell)
    _make_folder(settings.course, OWNER_ONLY, settings.grader, tell)
    _fill_course(settings, program, tell)
    _make_folders(settings, tell)
    write_configuration(settings)


def run_as(name: str, command: Sequence[str | Path], folder: Path, **environment: str) -> str:
    """Run a command as another account, or as this one if it's the same; what it printed. Raises `CourseError` when it fails."""
    account = find_account(name)
    if account is None:
        raise CourseError(f"There is no account {name} on this machine.")
    other = account.pw_uid != os.geteuid()
    kept = {key: os.environ[key] for key in ("LANG", "LC_ALL", "TZ", "PYTHONPATH") if key in os.environ}
    whose = {"HOME": account.pw_dir, "USER": name, "LOGNAME": name, "PATH": make_path()}
    done = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env={**kept, **whose, **environment},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
        user=account.pw_uid if other else None,
        group=account.pw_gid if other else None,
        extra_groups=[] if other else None,
    )
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:] or [f"exit status {done.returncode}"]
        raise CourseError(f"{Path(command[0]).name} failed as {name}: {words[0]}")
    return done.stdout


def _make_accounts(settings: Settings, tell: Tell) -> None:
    for name in (settings.grader, *settings.people):
        if find_account(name):
            continue
        _run(["useradd", "--create-home", "--shell", "/bin/bash", name])
        account = find_account(name)
        assert account is not None
        os.chmod(account.pw_dir, OWNER_ONLY)
        if name == settings.grader:
            tell(f"account {name}, with which nobody can log in")
            continue
        password = secrets.token_urlsafe(9)
        _note_password(settings, name, password)
        _run(["chpasswd"], f"{name}:{password}\n")
        tell(f"account {name}; its first password is in {settings.private / PASSWORDS}")


def _run(command: list[str], given: str = "") -> None:
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CourseError(f"{command[0]} failed: {done.stderr.strip() or f'exit status {done.returncode}'}")


def _note_password(settings: Settings, name: str, password: str) -> None:
    """Before the account has it, so that none is ever unknown."""
    settings.private.mkdir(parents=True, exist_ok=True)
    settings.private.chmod(OWNER_ONLY)
    path = settings.private / PASSWORDS
    opened = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(opened, "a", encoding="utf-8") as file:
        file.write(f"{name},{password}\n")


def _make_folders(settings: Settings, tell: Tell) -> None:
    course = settings.exchange / settings.course_id
    for folder, mode, owner in (
        (settings.data, EVERYONE, "root"),
        (settings.private, OWNER_ONLY, "root"),
        (settings.etc, EVERYONE, "root"),
        (
            settings.exchange,
            ANYONE,
            "root",
        ),  # nbgrader refuses one that students can't write in; the bit keeps what is there
        (course, EVERYONE, settings.grader),
        (course / "outbound", EVERYONE, settings.grader),
        (course / "inbound", DROP_BOX, settings.grader),
        (course / "feedback", BY_NAME, settings.grader),
        (settings.repository.parent, EVERYONE, "root"),
        (settings.repository, EVERYONE, settings.grader),
    ):
        _make_folder(folder, mode, owner, tell)


def _make_folder(folder: Path, mode: int, owner: str, tell: Tell) -> None:
    """A folder with this mode and owner. One that somebody else made is left alone, and is an error."""
    account = find_account(owner)
    assert account is not None
    if not os.path.lexists(folder):
        for above in (one for one in reversed(folder.parents) if not one.exists()):
            above.mkdir(EVERYONE)
        folder.mkdir(OWNER_ONLY)
        os.chown(folder, account.pw_uid, account.pw_gid)
        folder.chmod(mode)
        tell(f"folder {folder}")
        return
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != account.pw_uid:
        raise CourseError(f"{folder} isn't a folder of {owner}: look at what it is, then move it or 'chown' it.")
    if stat.S_IMODE(status.st_mode) != mode:
        folder.chmod(mode)


def _fill_course(settings: Settings, program: Path, tell: Tell) -> None:
    """The chapters and nbgrader's configuration, where the course's folder is new; then nbgrader must mean this course."""
    if not (settings.course / "nbgrader_config.py").is_file():
        parts = [program / name for name in ("source", "release", "nbgrader_config.py")]
        if missing := [path for path in parts if not path.exists()]:
            raise CourseError(f"There is no course to start from: {missing[0]} is missing.")
        run_as(settings.grader, ["cp", "-r", *parts, settings.course], settings.course)
        tell(f"the course in {settings.course}, from {program}")
    watched = settings.watched or ()
    found = json.loads(run_as(settings.grader, [sys.executable, "-c", _LOOK, *watched], settings.course))
    if found["trouble"]:
        raise CourseError(f"{settings.file}, [watch] chapters: {found['trouble']}")
    if found["id"] != settings.course_id:
        raise CourseError(
            f"{settings.file} says [course] id = {settings.course_id!r}, and {settings.course / 'nbgrader_config.py'} says {found['id']!r}. "
            "They have to be the same."
        )


_LOOK = """
import json, sys
from pathlib import Path
from nbgrader.coursedir import CourseDirectory
from autograder.errors import CourseError
from autograder.grading.database import load_config
from autograder.grading.places import find_assignment
trouble = ""
try:
    for name in sys.argv[1:]:
        find_assignment(Path.cwd(), name)
except CourseError as error:
    trouble = str(error)
print(json.dumps({"id": CourseDirectory(config=load_config(Path.cwd())).course_id, "trouble": trouble}))
"""
"""Run by the grader: the configuration of a course is a program, and not one for root."""


def write_configuration(settings: Settings) -> None:
    """What Jupyter, nbgrader and git read in students' and in the graders' servers; everyone may read it."""
    labextension = Path(__file__).parents[1] / "desk" / "labextension"
    off = [name for name in PAGE["disabledExtensions"] if name not in FOR_STUDENTS]  # type: ignore[attr-defined]
    lab = [
        f"c.LabApp.extra_labextensions_path = [{str(labextension)!r}]",
        "c.LabApp.news_url = None",
        'c.LabApp.check_for_updates_class = "jupyterlab.NeverCheckForUpdate"',
        "# Not a login shell, which would set a PATH of its own.",
        'c.ServerApp.terminado_settings = {"shell_command": ["/bin/bash"]}',
    ]
    exchange = [
        f"c.CourseDirectory.course_id = {settings.course_id!r}",
        f"c.Exchange.root = {str(settings.exchange)!r}",
    ]
    student, grader = settings.etc / "student", settings.etc / "grader"
    _write_page(student / "lab", {**PAGE, "disabledExtensions": off})
    _write_page(grader / "lab", {**PAGE, "disabledExtensions": ["@jupyterlab/apputils-extension:announcements"]})
    switched = {f"nbgrader.server_extensions.{name}": False for name in ("formgrader", "course_list")}
    _write_python(
        student / "jupyter_server_config.py",
        f"c.ServerApp.jpserver_extensions = { {DESK: True, **switched}!r}",
        f"c.LabApp.app_settings_dir = {str(student / 'lab')!r}",
        *lab,
        f"c.ServerApp.shutdown_no_activity_timeout = {round(settings.idle_hours * 3600)}",
        f"c.MappingKernelManager.cull_idle_timeout = {round(settings.idle_hours * 3600)}",
    )
    _write_python(
        student / "nbgrader_config.py",
        "import os",
        *exchange,
        f"c.Exchange.assignment_dir = os.path.expanduser({'~/' + settings.course_id!r})",
        'c.Authenticator.plugin_class = "nbgrader.auth.JupyterHubAuthPlugin"',
    )
    _write_python(
        grader / "jupyter_server_config.py",
        f"c.LabApp.app_settings_dir = {str(grader / 'lab')!r}",
        *lab,
        f"c.ServerApp.root_dir = {str(settings.course)!r}",
        "# Formgrader is a frame in JupyterLab, and JupyterHub forbids frames unless told otherwise.",
        'c.ServerApp.tornado_settings = {"headers": {"Content-Security-Policy": "frame-ancestors \'self\'"}}',
    )
    _write_python(grader / "nbgrader_config.py", *exchange)
    # git serves a folder of somebody else only where the system's configuration says so.
    safe = f"[safe]\n\tdirectory = {settings.repository}\n[include]\n\tpath = /etc/gitconfig\n"
    _write(settings.etc / "gitconfig", safe)


def _write_page(folder: Path, page: dict[str, object]) -> None:
    _write(folder / "page_config.json", json.dumps(page, indent=1))
    _write(folder / "overrides.json", json.dumps(SETTINGS, indent=1))


def _write_python(path: Path, *lines: str) -> None:
    head = "# Written by `course hub` at each start, from hub.toml."
    _write(path, "\n".join([head, "c = get_config()  # noqa: F821", *lines, ""]))


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
