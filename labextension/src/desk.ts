// The state that panel, start page and cards share: progress as read by the server, with what has been checked since.

import { JupyterFrontEnd } from '@jupyterlab/application';
import { Cell, CodeCell } from '@jupyterlab/cells';
import { INotebookTracker, Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { IStateDB } from '@jupyterlab/statedb';
import { ISignal, Signal } from '@lumino/signaling';
import { get, IChapter, IExercise, IHome, INotebook, IResult, ITotals, RESULT, State } from './api';
import { cellOf, Edits, isStale, remark } from './edits';
import { goTo } from './going';
import { addUp, isDone, isExplain, minutesLeft, nameState, points } from './words';

const LAST = 'autograded-desk:last';

/** Where a student was: a notebook, and the cell that was active in it. */
export interface IPlace {
  path: string;
  cell: string;
}

export interface INext {
  notebook: INotebook;
  exercise: IExercise;
}

export class Desk {
  constructor(
    readonly app: JupyterFrontEnd,
    readonly tracker: INotebookTracker,
    private _state: IStateDB | null
  ) {
    NotebookActions.executed.connect((_, { notebook, cell }) => this._onExecuted(notebook, cell));
    tracker.widgetAdded.connect((_, panel) => this._follow(panel));
    tracker.activeCellChanged.connect(() => this._remember());
    tracker.currentChanged.connect(() => this._changed.emit());
    tracker.forEach(panel => this._follow(panel));
    this.ready = this._start();
  }

  /** Settled when progress was read for the first time, or couldn't be. */
  readonly ready: Promise<void>;

  /** What the server says; `null` until it has, and where it can't. */
  home: IHome | null = null;
  problem = '';
  last: IPlace | null = null;

  get changed(): ISignal<this, void> {
    return this._changed;
  }

  /** Sentences for the live region. */
  get said(): ISignal<this, string> {
    return this._said;
  }

  say(sentence: string): void {
    this._said.emit(sentence);
  }

  get chapters(): IChapter[] {
    return this.home?.chapters ?? [];
  }

  get notebooks(): INotebook[] {
    return this.chapters.flatMap(chapter => chapter.notebooks);
  }

  get totals(): ITotals {
    return addUp(this.notebooks);
  }

  /** The path of the notebook in front. */
  get current(): string {
    return this.tracker.currentWidget?.context.path ?? '';
  }

  find(path: string): INotebook | undefined {
    return this.notebooks.find(one => one.path === path);
  }

  titleOf(exercise: string, path = this.current): string {
    const here = this.find(path)?.exercises.find(one => one.id === exercise);
    const found = here ?? this.notebooks.flatMap(one => one.exercises).find(one => one.id === exercise);
    const words = exercise.replace(/_/g, ' ');
    return found?.title ?? words.charAt(0).toUpperCase() + words.slice(1);
  }

  /** The first open core exercise after the place in front, or from the start when there is none after it. */
  get next(): INext | null {
    const all = this.notebooks.flatMap(notebook =>
      notebook.exercises.filter(one => !one.more).map(exercise => ({ notebook, exercise }))
    );
    const path = this.current || this.last?.path || '';
    const from = all.findIndex(one => one.notebook.path === path);
    const ahead = from < 0 ? all : [...all.slice(from), ...all.slice(0, from)];
    return ahead.find(one => !isDone(one.exercise)) ?? null;
  }

  async go(path: string, cell = ''): Promise<void> {
    const panel = (await this.app.commands.execute('docmanager:open', { path, factory: 'Notebook' })) as NotebookPanel;
    if (!panel) {
      return;
    }
    await panel.context.ready;
    await panel.revealed;
    this.app.shell.activateById(panel.id);
    if (cell) {
      await goTo(panel.content, cell);
    }
  }

  async refresh(): Promise<void> {
    try {
      const home = await get<IHome>('home');
      this.home = home;
      this.problem = '';
      for (const [path, found] of [...this._live]) {
        const panel = this.tracker.find(one => one.context.path === path);
        if (panel?.context.model.dirty) {
          found.forEach((result, cell) => this._put(path, cell, result));
        } else {
          this._live.delete(path);
        }
      }
      this.tracker.forEach(panel => this._compare(panel));
    } catch (error) {
      this.problem = String((error as Error).message ?? error);
    }
    this._changed.emit();
  }

  private async _start(): Promise<void> {
    const stored = await this._state?.fetch(LAST).catch(() => undefined);
    this.last = (stored as unknown as IPlace) ?? null;
    await this.refresh();
  }

  private _follow(panel: NotebookPanel): void {
    panel.context.saveState.connect((_, state) => {
      if (state.toString().startsWith('completed')) {
        void this.refresh();
      }
    });
    void panel.context.ready.then(() => {
      this._compare(panel);
      panel.content.model?.contentChanged.connect(() => {
        window.clearTimeout(this._typing);
        this._typing = window.setTimeout(() => this._compare(panel) && this._changed.emit(), 200);
      });
    });
  }

  /** Bring the states of a notebook's exercises in line with its answers; true where one has changed. */
  private _compare(panel: NotebookPanel): boolean {
    const notebook = this.find(panel.context.path);
    if (!notebook || panel.isDisposed || !panel.context.isReady) {
      return false;
    }
    let edits = this._edits.get(panel);
    if (!edits) {
      this._edits.set(panel, (edits = new Edits()));
      edits.note(notebook, panel);
      return false;
    }
    if (!panel.context.model.dirty) {
      edits.note(notebook, panel);
    }
    const changed = edits.apply(notebook, panel);
    notebook.minutesLeft = changed ? minutesLeft(notebook) : notebook.minutesLeft;
    return changed;
  }

  private _remember(): void {
    const cell = this.tracker.activeCell;
    const path = this.current;
    if (!cell || !this.find(path)) {
      return;
    }
    this.last = { path, cell: cell.model.id };
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => void this._state?.save(LAST, { ...this.last! }), 500);
  }

  private _onExecuted(notebook: Notebook, cell: Cell): void {
    const panel = this.tracker.find(one => one.content === notebook);
    if (!panel) {
      return;
    }
    if (!(cell instanceof CodeCell)) {
      this._compare(panel);
      const exercise = this.find(panel.context.path)?.exercises.find(one => one.answer === cell.model.id && isExplain(one));
      if (exercise) {
        this.say(`${exercise.title}: ${nameState(exercise)}.`);
        this._changed.emit();
      }
      return;
    }
    const outputs = cell.model.outputs;
    for (let place = 0; place < outputs.length; place++) {
      const result = outputs.get(place).data[RESULT] as unknown as IResult | undefined;
      if (result) {
        const path = panel.context.path;
        const found = this._live.get(path) ?? new Map<string, IResult>();
        this._live.set(path, found.set(cell.model.id, result));
        const exercise = this._put(path, cell.model.id, result);
        if (exercise) {
          const answer = cellOf(panel, exercise.answer);
          if (result.attempted && !isStale(answer)) {
            this._edits.get(panel)?.noteOne(exercise, answer);
          }
          this._compare(panel);
          this.say(`${exercise.title}: ${nameState(exercise)}, ${points(exercise)}.`);
        }
        this._changed.emit();
      }
    }
  }

  /** What a check's card at `node` has to say of the answer itself; empty mostly. */
  remark(exercise: string, node: HTMLElement): string {
    const panel = this.tracker.find(one => one.node.contains(node));
    const found = panel && this.find(panel.context.path)?.exercises.find(one => one.id === exercise);
    const answer = found && cellOf(panel, found.answer);
    return answer ? remark(answer, this._edits.get(panel)?.isReleased(answer) ?? true) : '';
  }

  /** Set an exercise by the result of its check. */
  private _put(path: string, cell: string, result: IResult): IExercise | undefined {
    const notebook = this.find(path);
    const exercise = notebook?.exercises.find(one => one.check === cell);
    if (notebook && exercise) {
      exercise.points = result.score;
      exercise.state = stateOf(result);
      notebook.minutesLeft = minutesLeft(notebook);
    }
    return exercise;
  }

  private _live = new Map<string, Map<string, IResult>>();
  private _edits = new WeakMap<NotebookPanel, Edits>();
  private _timer = 0;
  private _typing = 0;
  private _changed = new Signal<this, void>(this);
  private _said = new Signal<this, string>(this);
}

export function stateOf(result: IResult): State {
  if (!result.attempted) {
    return 'untouched';
  }
  if (result.score >= result.points) {
    return 'right';
  }
  return result.score > 0 ? 'partly' : 'wrong';
}
