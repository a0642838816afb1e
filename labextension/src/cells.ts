// Cells that a student can't change say why; cells for answers look like a place to write.

import { Cell, MarkdownCell } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { h } from './card';
import { Desk } from './desk';
import { isPlaceholder, sourceOf } from './edits';

interface IMarks {
  grade?: boolean;
  grade_id?: string;
  solution?: boolean;
  locked?: boolean;
}

const SECONDS = 8;
const STILL = /^\s*(Loading widget|Error displaying widget)/;
const SLIDERS = '.jp-OutputArea-output.jupyter-widgets';

export function marksOf(cell: Cell): IMarks {
  return (cell.model.getMetadata('nbgrader') as IMarks | undefined) ?? {};
}

/** Whether a notebook is of the course: one of its cells is an exercise's. */
export function isOfCourse(panel: NotebookPanel): boolean {
  return panel.content.widgets.some(cell => marksOf(cell).grade);
}

export function furnish(panel: NotebookPanel, desk: Desk): void {
  const mark = () => panel.content.widgets.forEach(cell => markCell(cell, panel));
  void panel.context.ready.then(() => {
    panel.toggleClass('agd-course', isOfCourse(panel));
    mark();
    panel.content.model?.cells.changed.connect(() => window.setTimeout(mark, 0));
  });
  watchSliders(panel.content.node);
  const tell = (event: Event) => {
    const cell = panel.content.widgets.find(one => one.node.contains(event.target as Node));
    if (cell && isWriting(event) && cell.model.getMetadata('editable') === false && isInEditor(event)) {
      explain(cell, desk, panel);
    }
  };
  for (const kind of ['keydown', 'paste', 'cut']) {
    panel.content.node.addEventListener(kind, tell, true);
  }
}

function isInEditor(event: Event): boolean {
  return Boolean((event.target as Element).closest?.('.cm-content'));
}

/** Whether an event would change the text. */
function isWriting(event: Event): boolean {
  if (!(event instanceof KeyboardEvent)) {
    return true;
  }
  const typed = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey;
  return typed || ['Backspace', 'Delete', 'Tab'].includes(event.key) || (event.key === 'Enter' && !event.shiftKey && !event.ctrlKey && !event.altKey);
}

function explain(cell: Cell, desk: Desk, panel: NotebookPanel): void {
  const marks = marksOf(cell);
  const check = desk.find(panel.context.path)?.exercises.find(one => one.check === cell.model.id);
  const says = check
    ? `This cell is locked: it checks “${check.title}”. Write your answer in the cell above it, run that, then run this one.`
    : marks.grade
      ? 'This cell is locked: it checks an exercise. Write your answer in the cell above it.'
      : 'This cell is locked: it sets up what the exercises need, and is graded as it was handed out. Add a cell of your own to try something.';
  let note = cell.node.querySelector<HTMLElement>('.agd-lock');
  if (!note) {
    note = h('div', { class: 'agd-lock' }, says);
    cell.node.querySelector('.jp-Cell-inputWrapper')?.after(note);
    note.scrollIntoView({ block: 'nearest' });
    desk.say(says);
  }
  window.clearTimeout(Number(note.dataset.timer));
  note.dataset.timer = String(window.setTimeout(() => note!.remove(), SECONDS * 1000));
}

/** A figure's controls belong to a kernel: those that a saved notebook shows say what wakes them, not that they load forever. */
function watchSliders(node: HTMLElement): void {
  const look = () =>
    node
      .querySelectorAll(SLIDERS)
      .forEach(one => one.classList.toggle('agd-still', STILL.test(one.textContent ?? '')));
  new MutationObserver(look).observe(node, { childList: true, subtree: true, characterData: true });
  look();
}

function markCell(cell: Cell, panel: NotebookPanel): void {
  const marks = marksOf(cell);
  if (marks.solution && !cell.node.classList.contains('agd-answer')) {
    cell.addClass('agd-answer');
    if (cell instanceof MarkdownCell) {
      furnishText(cell, panel);
    }
  }
  cell.toggleClass('agd-locked', cell.model.getMetadata('editable') === false);
}

/** An answer in words: a frame to write into, which one click or Enter opens as long as it's empty. */
function furnishText(cell: MarkdownCell, panel: NotebookPanel): void {
  cell.addClass('agd-words');
  const isEmpty = () => isPlaceholder(sourceOf(cell));
  const show = () => cell.toggleClass('agd-empty', isEmpty());
  show();
  cell.model.contentChanged.connect(show);
  const open = () => {
    panel.content.activeCellIndex = panel.content.widgets.indexOf(cell);
    cell.rendered = false;
    panel.content.mode = 'edit';
    void cell.ready.then(() => {
      const editor = cell.editor;
      const last = editor?.getPositionAt(sourceOf(cell).length);
      if (editor && last && isEmpty()) {
        editor.setSelection({ start: { line: 0, column: 0 }, end: last });
      }
      editor?.focus();
    });
  };
  cell.node.addEventListener('click', event => {
    if (cell.rendered && isEmpty() && !(event.target as Element).closest('.jp-Cell-header, button, a')) {
      open();
    }
  });
}
