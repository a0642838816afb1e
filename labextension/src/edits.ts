// Answers that were changed since the state of their exercise was found: the panel says so at once, not when the notebook is saved.

import { Cell, CodeCellModel } from '@jupyterlab/cells';
import { NotebookPanel } from '@jupyterlab/notebook';
import { IExercise, INotebook, State } from './api';
import { isExplain } from './words';

const PLACEHOLDER = /^\s*(\*Your answer here\.?\*|YOUR ANSWER HERE)?\s*$/i;

/** An answer's text, and the state that was found for it. */
interface IFound {
  source: string;
  state: State;
  points: number;
}

/** Whether an answer in words is still to be written. */
export function isPlaceholder(text: string): boolean {
  return PLACEHOLDER.test(text);
}

export function sourceOf(cell: Cell): string {
  return cell.model.sharedModel.getSource();
}

export function cellOf(panel: NotebookPanel, id: string): Cell | undefined {
  return panel.content.widgets.find(one => one.model.id === id);
}

/** Whether a cell was changed after it ran. */
export function isStale(cell: Cell | undefined): boolean {
  return cell?.model instanceof CodeCellModel && cell.model.isDirty;
}

/** Why a check that ran now isn't about the answer as it stands: it was changed after it ran, or stopped with an error. Empty where it is. */
export function remark(answer: Cell | undefined, isReleased: boolean): string {
  if (!(answer?.model instanceof CodeCellModel) || isReleased) {
    return '';
  }
  const { outputs, executionCount } = answer.model;
  if (isStale(answer) || executionCount === null) {
    return 'The cell with your answer has changed since it ran, and this isn’t about the change. Run it, then this one.';
  }
  for (let place = 0; place < outputs.length; place++) {
    const output = outputs.get(place).toJSON() as { output_type: string; ename?: unknown; evalue?: unknown };
    if (output.output_type === 'error') {
      const said = String(output.evalue ?? '').replace(/ \(\d+\.py, line (\d+)\)$/, ', in line $1');
      const says = said.replace(/`/g, "'").slice(0, 200);
      return `The cell with your answer stopped with \`${output.ename}\`${says && `: ${says}`}. Change it and run it, then this one.`;
    }
  }
  return '';
}

/** What is known of one notebook's answers. */
export class Edits {
  /** The states are those of the texts that the notebook has now. */
  note(notebook: INotebook, panel: NotebookPanel): void {
    notebook.exercises.forEach(one => this.noteOne(one, cellOf(panel, one.answer)));
  }

  noteOne(exercise: IExercise, cell: Cell | undefined): void {
    if (!cell) {
      return;
    }
    const source = sourceOf(cell);
    this._found.set(exercise.answer, { source: source.trim(), state: exercise.state, points: exercise.points });
    if (exercise.state === 'untouched') {
      this._released.set(exercise.answer, clean(source));
    }
  }

  /** Set the states of exercises whose answers are others now, or again what they were; true where one has changed. */
  apply(notebook: INotebook, panel: NotebookPanel): boolean {
    let changed = false;
    for (const exercise of notebook.exercises) {
      const found = this._found.get(exercise.answer);
      const cell = cellOf(panel, exercise.answer);
      if (!found || !cell) {
        continue;
      }
      const source = sourceOf(cell);
      const same = source.trim() === found.source;
      const open = clean(source) === this._released.get(exercise.answer) || (isExplain(exercise) && isPlaceholder(source));
      const state = same ? found.state : open ? 'untouched' : 'written';
      changed = changed || state !== exercise.state;
      exercise.state = state;
      exercise.points = same ? found.points : 0;
    }
    return changed;
  }

  /** Whether an answer is as it was handed out. */
  isReleased(answer: Cell): boolean {
    return clean(sourceOf(answer)) === this._released.get(answer.model.id);
  }

  private _found = new Map<string, IFound>();
  private _released = new Map<string, string>();
}

/** A text without spaces at the ends of its lines: an answer that was handed out is compared like this (`is_as_released` of autograder/desk/notebooks.py). */
function clean(text: string): string {
  return text.replace(/[^\S\n]+$/gm, '').replace(/^\n+|\n+$/g, '');
}
