// Going to a place in a notebook.

import { MarkdownCell } from '@jupyterlab/cells';
import { Notebook } from '@jupyterlab/notebook';

const GAP = 12;

/** The place of a cell by its id; -1 where there is none. */
export function placeOf(notebook: Notebook, id: string): number {
  return notebook.widgets.findIndex(cell => cell.model.id === id);
}

/** Make the cell active and scroll to the heading of its exercise. */
export async function goTo(notebook: Notebook, id: string): Promise<void> {
  const place = placeOf(notebook, id);
  if (place < 0) {
    return;
  }
  const text = textBefore(notebook, place);
  notebook.mode = 'command';
  notebook.activeCellIndex = place;
  notebook.deselectAll();
  await scrollTo(notebook, text, () => {
    const headings = notebook.widgets[text].node.querySelectorAll('h2, h3, h4');
    return text < place && headings.length ? (headings[headings.length - 1] as HTMLElement) : notebook.widgets[text].node;
  });
  notebook.node.focus({ preventScroll: true });
}

/** The text that asks for the answer in a cell: the one before it, with at most a little code between. */
export function textBefore(notebook: Notebook, place: number): number {
  for (let at = place - 1; at >= Math.max(0, place - 4); at--) {
    const cell = notebook.widgets[at];
    const marks = cell.model.getMetadata('nbgrader') as { solution?: boolean } | undefined;
    if (marks?.solution) {
      break;
    }
    if (cell instanceof MarkdownCell) {
      return at;
    }
  }
  return place;
}

/** Scroll what `find` gives to the top, again and again until it stays: cells get their height only when they're drawn. */
export async function scrollTo(notebook: Notebook, place: number, find: () => HTMLElement): Promise<void> {
  const outer = notebook.outerNode;
  await notebook.scrollToItem(place, 'start', 0).catch(() => undefined);
  let still = 0;
  for (let turn = 0; turn < 30 && still < 3; turn++) {
    await new Promise(done => requestAnimationFrame(done));
    const node = find();
    if (!node.isConnected) {
      still = 0;
      continue;
    }
    const off = node.getBoundingClientRect().top - outer.getBoundingClientRect().top - GAP;
    const before = outer.scrollTop;
    outer.scrollTop += off;
    still = Math.abs(outer.scrollTop - before) < 2 ? still + 1 : 0;
  }
}
