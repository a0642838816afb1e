"""JupyterHub's configuration for one course on one machine. `course hub start` runs it; what differs between hubs is in hub.toml.

To change more than that, write it at the end of this file: a later line wins.
"""

import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

from autograder.hub.machine import PROXY, find_program, make_path
from autograder.hub.settings import read_settings
from autograder.hub.starting import SETTINGS_VARIABLE, find_former

HERE = Path(__file__).resolve().parent
course = read_settings(Path(os.environ[SETTINGS_VARIABLE]))

c = get_config()  # noqa: F821  (JupyterHub defines it)

# Where it listens. Only the first is open to others; the proxy's door and the hub's own pages are for this machine.
proxy, hub, formgrader = (course.port + number for number in (1, 2, 3))
c.JupyterHub.bind_url = f"{urlsplit(course.address).scheme}://{course.host}:{course.port}"
c.JupyterHub.hub_ip = "127.0.0.1"
c.JupyterHub.hub_port = hub
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{proxy}"
c.ConfigurableHTTPProxy.command = [find_program("node") or "node", str(HERE / PROXY)]
c.ConfigurableHTTPProxy.pid_file = str(course.private / "proxy.pid")
if course.certificate:
    c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = str(course.certificate), str(course.key)

# Its state and its log, in a folder that only root reads.
c.JupyterHub.db_url = f"sqlite:///{course.database}"
c.JupyterHub.cookie_secret_file = str(course.private / "cookie_secret")
c.JupyterHub.logging_config = {
    "handlers": {
        "file": {
            "class": "logging.handlers.RotatingFileHandler",
            "filename": str(course.private / "hub.log"),
            "maxBytes": 10_000_000,
            "backupCount": 5,
            "encoding": "utf-8",
            "delay": True,
            "formatter": "console",
        }
    },
    "loggers": {"JupyterHub": {"handlers": ["console", "file"]}},
}

# Who comes in: accounts of this machine, by their passwords.
c.JupyterHub.authenticator_class = "pam"
c.PAMAuthenticator.open_sessions = False
c.Authenticator.allowed_users = set(course.people)
# Left to itself, JupyterHub goes on with everyone it has ever known. Their files stay.
c.Authenticator.allow_existing_users = False
c.Authenticator.blocked_users = find_former(course)

# A server for each student, run as their own account.
environment = {
    "PATH": make_path(),
    "LANG": os.environ.get("LANG", "C.UTF-8"),
    "AUTOGRADED_COURSE": course.course_id,
    "AUTOGRADED_RELEASES": course.repository.as_uri(),
    "GIT_CONFIG_SYSTEM": str(course.etc / "gitconfig"),
    # One thread for each kernel: a class shares the cores.
    "OMP_NUM_THREADS": "1",
}
c.JupyterHub.spawner_class = "jupyterhub.spawner.LocalProcessSpawner"
c.Spawner.cmd = [sys.executable, "-m", "autograder.hub.student"]
c.Spawner.environment = {**environment, "JUPYTER_CONFIG_PATH": str(course.etc / "student")}
c.Spawner.default_url = "/lab"
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 60

# What nbgrader asks: a student's groups are the courses that they are in.
students, graders = f"nbgrader-{course.course_id}", f"formgrade-{course.course_id}"
c.JupyterHub.load_groups = {
    students: {"users": list(course.students)},
    graders: {"users": list(course.instructors)},
}

# The graders' JupyterLab with formgrader, shared by all instructors, and grading on arrival.
for_grader = {
    **environment,
    SETTINGS_VARIABLE: str(course.file),
    "JUPYTER_CONFIG_PATH": str(course.etc / "grader"),
    "JUPYTERHUB_DEFAULT_URL": "/lab",
}
c.JupyterHub.services = [
    {
        "name": "formgrader",
        "url": f"http://127.0.0.1:{formgrader}",
        "command": [str(Path(sys.executable).with_name("jupyterhub-singleuser"))],
        "user": course.grader,
        "cwd": str(course.course),
        "environment": for_grader,
        "oauth_no_confirm": True,
        "timeout": 120,  # on a busy machine; JupyterHub ends if it isn't there by then
    }
]
if course.watches:
    counting = ["--counts", course.counts, *(["--attempts", str(course.attempts)] if course.attempts else [])]
    c.JupyterHub.services.append(
        {
            "name": "watch",
            "command": [
                sys.executable,
                "-m",
                "autograder.cli",
                "watch",
                "--exchange",
                *counting,
                *(course.watched or ()),
            ],
            "user": course.grader,
            "cwd": str(course.course),
            "environment": for_grader,
            "display": False,
        }
    )

c.JupyterHub.load_roles = [
    # A student's server may ask which groups its owner is in; nothing else is added to JupyterHub's own.
    {"name": "server", "scopes": ["users:activity!user", "access:servers!server", "read:users:groups!user"]},
    {
        "name": "instructor",
        "description": "Grades, and starts and stops students' servers without looking into them",
        "scopes": [
            "access:services!service=formgrader",
            "admin-ui",
            f"list:users!group={students}",
            f"read:servers!group={students}",
            f"servers!group={students}",
        ],
        "groups": [graders],
    },
]


def first_page(handler):
    """Instructors come to the graders' JupyterLab; students, where this says nothing, to their own."""
    user = handler.current_user
    return f"{handler.base_url}services/formgrader/lab" if user and user.name in course.instructors else ""


c.JupyterHub.default_url = first_page
