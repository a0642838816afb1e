"""Figures of all kinds, hundreds in a notebook, and cells that close descriptors: the process of the notebook lives on."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sampling import at_night

from autograder.engine.jobs import Job, Step
from autograder.engine.runner import Engine

FIRST = """
import os, warnings
import numpy as np, matplotlib.pyplot as plt
warnings.simplefilter('ignore')
x = np.logspace(-6, 0, 40)
rng = np.random.default_rng(0)
table = rng.random((8, 9)) + 0.1
me = os.getpid()
"""

KINDS = """
plt.plot(x, x ** 2)
plt.plot(x, x ** 2, 'o--', label=r'$\\alpha_{%d}$'); plt.legend()
plt.loglog(x, x ** (1 + %d / 7))
plt.loglog(x, x ** 3); plt.xlim(1e-6, 1); plt.minorticks_on()
plt.semilogx(x, np.sin(x))
plt.semilogy(x, np.exp(-x) + 1e-9)
plt.scatter(x, x ** 2, c=x, s=20); plt.colorbar()
plt.bar(range(9), table[0], log=True)
plt.barh(range(9), table[1])
plt.hist(table.ravel(), bins=7, log=bool(%d % 2))
plt.hist2d(table[0], table[1], bins=5)
plt.boxplot(table.T)
plt.violinplot(table.T)
plt.imshow(table, cmap='magma'); plt.colorbar(label='$10^{-%d}$')
plt.matshow(table)
plt.pcolormesh(table)
plt.contour(table); plt.contourf(table, alpha=0.3)
plt.quiver(table[:4, :4], table[4:, :4])
plt.streamplot(np.arange(9), np.arange(8), table, -table)
plt.errorbar(x, x, yerr=x / 10); plt.xscale('log'); plt.yscale('log')
plt.fill_between(x, x, x ** 2); plt.xscale('symlog', linthresh=1e-5)
plt.stackplot(range(9), table)
plt.stem(table[0]); plt.yscale('logit')
plt.step(x, x)
plt.pie(table[0], labels=[f'$p_{{{k}}}$' for k in range(9)])
plt.polar(x * 6, x)
plt.hexbin(rng.random(50), rng.random(50), gridsize=6)
plt.eventplot([x, x ** 2])
plt.spy(table > 0.6)
plt.specgram(rng.random(600)); plt.title('spectrum %d')
plt.subplot(projection='3d').plot_surface(*np.meshgrid(range(9), range(8)), table)
plt.triplot(rng.random(9), rng.random(9))
plt.annotate('$\\\\frac{%d}{2}$', (0.5, 0.5), arrowprops={'arrowstyle': '->'}); plt.grid(True, which='both')
plt.subplots(2, 2, sharex=True)[1][0][0].loglog(x, x)
plt.twinx().semilogy(x, x + 1)
plt.axhline(0.5); plt.axvspan(0, 0.2); plt.text(0.1, 0.2, 'Größe 漢字 ☃ %d')
plt.table([[1, 2], [3, 4]], loc='center')
plt.plot(np.arange('2024-01', '2024-09', dtype='datetime64[M]'), table[:, 0]); plt.gcf().autofmt_xdate()
plt.plot(['a', 'b'], [1, 2]); plt.style.use('default'); plt.suptitle('$\\\\mathcal{L}(\\\\theta_{%d})$')
plt.plot(x); plt.ticklabel_format(style='sci', scilimits=(0, 0))
""".strip().splitlines()

ROUNDS = [1, at_night(5)]
"""How many figures of each kind."""


@pytest.fixture(scope="module", params=[True, at_night(False)], ids=["isolated", "unsafe"])
def engine(request: pytest.FixtureRequest, warm: Engine) -> Iterator[Engine]:
    with Engine(request.param, address=warm.start()) as engine:
        yield engine


@pytest.mark.parametrize("rounds", ROUNDS)
def test_figures_of_all_kinds_are_drawn_in_one_process_by_night_hundreds(engine: Engine, rounds: int) -> None:
    drawn = [kind.replace("%d", str(number)) for number in range(rounds) for kind in KINDS]
    assert len(drawn) >= 40 * rounds
    cells = [f"plt.rcParams['figure.figsize'] = (2, 1.5)\n{one}\nplt.show()\nassert os.getpid() == me" for one in drawn]
    steps = [Step(source, "student", number) for number, source in enumerate([FIRST, *cells], start=1)]
    ran = engine.run(Job(steps, seconds=60))
    for source, one in zip([FIRST, *cells], ran, strict=True):
        assert "error" not in [output["output_type"] for output in one.outputs], (source, one.outputs[-1])
    pictures = [output for one in ran for output in one.outputs if "image/png" in output.get("data", {})]
    assert len(pictures) >= len(cells)


CLOSES = {
    "stdout": "os.close(1)",
    "both": "os.close(1); os.close(2)",
    "all three": "[os.close(n) for n in range(3)]",
    "a file object of its own on stdout": "import sys, io\nout = os.fdopen(1, 'w')\nout.write('x')\ndel out",
    "what it is told by fileno": "import sys\nos.close(sys.stdout.fileno())",
    "what the capture keeps": "[os.close(int(n)) for n in os.listdir('/proc/self/fd') if os.path.exists('/proc/self/fd/' + n) and '(deleted)' in os.readlink('/proc/self/fd/' + n)]",
    "other ends put in place": "r, w = os.pipe()\nos.dup2(w, 1); os.close(w); os.close(r)\nprint('in a pipe')",
    "stdin": "os.close(0)",
}


@pytest.mark.parametrize("what", CLOSES)
def test_a_cell_that_closes_descriptors_costs_nothing(what: str, engine: Engine) -> None:
    cells = [
        "import os\nme = os.getpid()",
        CLOSES[what],
        "print('out')\nos.system('echo child')\nassert os.getpid() == me",
        "import subprocess\nprint(subprocess.run(['echo', 'again'], capture_output=True, text=True).stdout)",
    ]
    ran = engine.run(Job([Step(source, "student", number) for number, source in enumerate(cells, start=1)]))
    assert [output for one in ran for output in one.outputs if output["output_type"] == "error"] == []
    assert "".join(output["text"] for output in ran[2].outputs if output.get("name") == "stdout") == "out\nchild\n"
    assert ran[3].outputs[0]["text"] == "again\n\n"


def test_the_warm_process_keeps_no_file_of_a_library_open() -> None:
    with Engine(isolated=False) as engine:
        engine.run(Job([Step("1", "student", 1)]))
        assert engine._warm
        folder = Path(f"/proc/{engine._warm.process.pid}/fd")
        if not folder.exists():
            pytest.skip("without /proc")
        assert [path for path in map(os.readlink, folder.iterdir()) if Path(path).suffix] == []


def test_the_kinds_are_different() -> None:
    assert all(one != other for one, other in itertools.combinations(KINDS, 2))
