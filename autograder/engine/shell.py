"""An IPython shell that keeps the outputs of a cell as a notebook stores them."""

from __future__ import annotations

import ast
import asyncio
import builtins
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, NoReturn

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.inputtransformer2 import TransformerManager
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type

from autograder.engine.rendering import render, write_text
from autograder.engine.standins.library import show_value
from autograder.engine.standins.proxies import StandInClass

MAX_STREAM = 100_000
"""Characters kept of what one cell prints; the grader cuts it further."""

MAX_OUTPUTS = 200

MAX_SHOWN = 16_000_000
"""Characters kept of all that one cell shows, as it is sent; half of what a frame may hold."""

Output = dict[str, Any]


class _Outputs:
    """The outputs of the cell that is running."""

    def __init__(self) -> None:
        self.kept: list[Output] = []

    def add(self, output: Output) -> None:
        if len(self.kept) < MAX_OUTPUTS:
            self.kept.append(json.loads(json.dumps(output, default=str)))

    def write(self, stream: str, text: str) -> None:
        last = self.kept[-1] if self.kept else None
        if last is None or last.get("name") != stream:
            self.add({"output_type": "stream", "name": stream, "text": ""})
            last = self.kept[-1]
        if last.get("name") == stream and len(last["text"]) < MAX_STREAM:
            last["text"] += text[: MAX_STREAM - len(last["text"])]

    def take(self) -> list[Output]:
        kept, self.kept = self.kept, []
        left, taken = MAX_SHOWN, list[Output]()
        for output in kept:
            encoded = _encode(output)
            size = len(json.dumps(encoded))
            fits = size <= left
            left -= size if fits else 0
            shown = encoded if fits else _leave_out(encoded)
            if fits or taken[-1:] != [shown]:
                taken.append(shown)
        return taken


def _leave_out(output: Output) -> Output:
    """What stays of an output where a cell shows too much."""
    if output["output_type"] == "error":
        return {**output, "evalue": f"{output['evalue'][:1000]}…", "traceback": []}
    return {
        "output_type": "stream",
        "name": "stderr",
        "text": "… an output that is not kept: this cell shows too much.\n",
    }


def _encode(output: Output) -> Output:
    """A text with lone surrogates cannot be stored; they become question marks."""
    encoded: Output = json.loads(json.dumps(output, ensure_ascii=False).encode("utf-8", "replace"))
    return encoded


outputs = _Outputs()


class _Stream:
    """Stands for stdout or stderr. `fileno` is the real one, for subprocesses."""

    encoding, errors, closed = "utf-8", "strict", False

    def __init__(self, name: str, descriptor: int) -> None:
        self.name, self._descriptor = name, descriptor

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        outputs.write(self.name, text)
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def fileno(self) -> int:
        return self._descriptor

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return False


class _Hook(DisplayHook):  # type: ignore[misc]
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        data, metadata = _to_json(format_dict), md_dict or {}
        outputs.add(
            {"output_type": "execute_result", "execution_count": self.prompt_count, "data": data, "metadata": metadata}
        )

    def compute_format_data(self, result: Any) -> Any:
        if not self.shell.examines or not isinstance(type(result), StandInClass):
            return super().compute_format_data(result)
        return {"text/plain": show_value(result)}, {}

    def finish_displayhook(self) -> None:
        pass

    @staticmethod
    def semicolon_at_end_of_expression(expression: str) -> bool:
        """As IPython does it, but without reading the whole cell where there is no semicolon in it."""
        return ";" in expression and bool(DisplayHook.semicolon_at_end_of_expression(expression))


class _Publisher(DisplayPublisher):  # type: ignore[misc]
    def publish(self, data: dict[str, Any], metadata: Any = None, **options: Any) -> None:
        if not options.get("update"):
            outputs.add({"output_type": "display_data", "data": _to_json(data), "metadata": metadata or {}})

    def clear_output(self, wait: bool = False) -> None:
        outputs.kept.clear()


def _to_json(data: dict[str, Any]) -> dict[str, Any]:
    """A notebook stores bytes, such as a picture, as base64."""
    import base64

    return {mime: base64.b64encode(item).decode() if isinstance(item, bytes) else item for mime, item in data.items()}


class _Transformer(TransformerManager):  # type: ignore[misc]
    """Leaves Python as it is, as IPython does, but without its own look at each word, which takes longer than most cells run."""

    def do_token_transforms(self, lines: list[str]) -> list[str]:
        as_ever = self.token_transformers == TransformerManager().token_transformers
        if as_ever and _is_python("".join(lines)):
            return lines
        transformed: list[str] = super().do_token_transforms(lines)
        return transformed


def _is_python(text: str) -> bool:
    if "\\" in text:  # it may bring a warning, and one is enough
        return False
    try:
        compile(text, "<cell>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


class _Compiler(CachingCompiler):  # type: ignore[misc]
    """Keeps the lines of the cells, by the names of their code."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: dict[str, tuple[int, list[str]]] = {}

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        name: str = super().cache(transformed_code, number, raw_code)
        self.cells[name] = number, transformed_code.splitlines()
        return name


class NotebookShell(InteractiveShell):  # type: ignore[misc]
    """Runs cells as a notebook's kernel does: magics, `await` at the top level, inline figures."""

    compiler_class = Type(_Compiler)
    examines = False
    """Whether an error may be the student's although the cell is the author's; see `rendering`."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    # For `!ls`: IPython's other way needs a terminal, and there is none behind the walls.
    system = InteractiveShell.system_raw

    def init_history(self) -> None:
        super().init_history()
        self.history_manager.enabled = False

    def enable_gui(self, gui: Any = None) -> None:
        """There is no event loop of a window system to wait for."""

    def ask_exit(self) -> NoReturn:
        raise SystemExit("exit() was called")

    def _get_exc_info(self, exc_tuple: Any = None) -> tuple[Any, Any, Any]:
        kind, error, trace = super()._get_exc_info(exc_tuple)
        _shorten_chain(error)
        return kind, error, _shorten(trace)

    def _format_exception_for_storage(self, *args: Any, **options: Any) -> dict[str, Any]:
        """IPython formats every error a second time, for `%notebook`."""
        return {}

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        outputs.add({"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)})

    def showtraceback(self, exc_tuple: Any = None, *arguments: Any, **options: Any) -> None:
        if not self.examines:
            super().showtraceback(exc_tuple, *arguments, **options)
            return
        _, error, trace = self._get_exc_info(exc_tuple)
        lines = render(error, trace, self.compile.cells)
        outputs.add(
            {"output_type": "error", "ename": type(error).__name__, "evalue": write_text(error), "traceback": lines}
        )

    def showsyntaxerror(self, filename: Any = None, *arguments: Any, **options: Any) -> None:
        if self.examines:
            self.showtraceback()
        else:
            super().showsyntaxerror(filename, *arguments, **options)

    def start_afresh(self) -> None:
        """Forget the cells that have run, before the forks."""
        while _files:
            os.close(_files.popitem()[1][0])
        self.reset(new_session=True)
        self.execution_count = 1

    def show_history(self, sources: list[str]) -> None:
        """Let `In`, `_i` and the others be what they are behind these cells."""
        kept = self.history_manager
        kept.input_hist_parsed[:] = kept.input_hist_raw[:] = ["", *sources]
        kept._i00, kept._i, kept._ii = (["", "", "", *sources][-place] for place in (1, 2, 3))

    def run_one(self, source: str, number: int) -> list[Output]:
        """Run a cell and return its outputs; an error is the last of them."""
        self.execution_count = number
        with _captured():
            result = self.run_cell(source, store_history=True)
            error = result.error_before_exec or result.error_in_exec
        if error is not None and not any(output["output_type"] == "error" for output in outputs.kept):
            text = write_text(error)
            outputs.add({"output_type": "error", "ename": type(error).__name__, "evalue": text, "traceback": [text]})
        return outputs.take()


MAX_FRAMES, MAX_CHAIN = 40, 5
"""How many frames of an error are told, and how many errors that led to it. IPython takes 5 ms for each, and an endless recursion has thousands."""


def _shorten(trace: TracebackType | None) -> TracebackType | None:
    """The first and the last frames of a traceback."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    if len(frames) <= MAX_FRAMES:
        return frames[0] if frames else None
    shortened: TracebackType | None = None
    for one in reversed(frames[: MAX_FRAMES // 2] + frames[-MAX_FRAMES // 2 :]):
        shortened = TracebackType(shortened, one.tb_frame, one.tb_lasti, one.tb_lineno)
    return shortened


def _shorten_chain(error: BaseException | None) -> None:
    """Shorten the errors that were there when `error` was raised, and leave out those further back."""
    for left in reversed(range(MAX_CHAIN)):
        behind = None if error is None else error.__cause__ or error.__context__
        if error is None or behind is None:
            return
        behind.__traceback__ = _shorten(behind.__traceback__)
        if not left:
            error.__cause__ = error.__context__ = None
        error = behind


@contextmanager
def _captured() -> Iterator[None]:
    """Take what is printed, also by what writes to the file descriptors 1 and 2 directly."""
    for descriptor in (0, *_STREAMS):  # a cell may have closed them
        if not _is_open(descriptor):
            _put(os.open(os.devnull, os.O_RDWR), descriptor)
    saved = {descriptor: os.dup(descriptor) for descriptor in _STREAMS}
    before = sys.stdout, sys.stderr
    files = {descriptor: _open_file(descriptor) for descriptor in _STREAMS}
    for descriptor, file in files.items():
        os.dup2(file, descriptor)
    sys.stdout, sys.stderr = _Stream("stdout", 1), _Stream("stderr", 2)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
        for descriptor, name in _STREAMS.items():
            with suppress(OSError):  # a cell that closes what it did not open loses what it printed past Python
                if text := os.pread(files[descriptor], MAX_STREAM, 0).decode("utf-8", "replace"):
                    outputs.write(name, text)
            with suppress(OSError):
                _put(saved[descriptor], descriptor)


def _is_open(descriptor: int) -> bool:
    with suppress(OSError):
        os.fstat(descriptor)
        return True
    return False


def _put(opened: int, descriptor: int) -> None:
    """Have `descriptor` lead where `opened` does, which is closed."""
    if opened != descriptor:
        os.dup2(opened, descriptor)
        os.close(opened)


def _open_file(descriptor: int) -> int:
    """The empty file that takes what is written to a descriptor; a new one where a cell has closed the one that there was."""
    with suppress(OSError, KeyError):
        file, state = _files[descriptor]
        if os.path.samestat(os.fstat(file), state):
            os.ftruncate(file, 0)
            os.lseek(file, 0, os.SEEK_SET)
            return file
    file, path = tempfile.mkstemp()
    os.unlink(path)
    _files[descriptor] = file, os.fstat(file)
    return file


_STREAMS = {1: "stdout", 2: "stderr"}
_files: dict[int, tuple[int, os.stat_result]] = {}


def make_shell() -> NotebookShell:
    """The shell of this process, before the forks; a process has one."""
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False  # no file, and no thread that writes it
    os.environ["MPLBACKEND"] = "module://matplotlib_inline.backend_inline"
    shell: NotebookShell = NotebookShell.instance(config=config)
    shell.input_transformer_manager = _Transformer()
    shell.enable_matplotlib("inline")
    return shell


def adopt_shell() -> NotebookShell:
    """The shell in a fork, ready for its first cell."""
    os.environ["NBGRADER_EXECUTION"] = "autograde"  # as nbgrader tells its kernels
    asyncio.set_event_loop(asyncio.new_event_loop())
    builtins.input = _no_input
    shell: NotebookShell = NotebookShell.instance()
    return shell


def _no_input(prompt: object = "") -> NoReturn:
    raise RuntimeError("input() was called, and nobody is there to answer while a notebook is graded.")
