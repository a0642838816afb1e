// The course panel on the left: chapters, notebooks, exercises, and what comes next.

import { ReactWidget, refreshIcon, homeIcon, UseSignal } from '@jupyterlab/ui-components';
import React, { useEffect, useRef, useState } from 'react';
import { IChapter, IExercise, INotebook } from './api';
import { Desk } from './desk';
import { deskIcon } from './icons';
import { addUp, count, duration, isDone, nameState, number, points, SYMBOL } from './words';

export const HOME = 'autograded-desk:home';

export class Panel extends ReactWidget {
  constructor(private _desk: Desk) {
    super();
    this.id = 'autograded-desk-panel';
    this.addClass('agd-panel');
    this.title.icon = deskIcon;
    this.title.caption = 'Your course';
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', 'Your course');
  }

  protected render(): JSX.Element {
    return <UseSignal signal={this._desk.changed}>{() => <Course desk={this._desk} />}</UseSignal>;
  }
}

export function Bar({ done, of, label }: { done: number; of: number; label: string }): JSX.Element {
  return (
    <div className="agd-bar" role="img" aria-label={label} title={label}>
      <div style={{ width: `${of ? (100 * done) / of : 0}%` }} />
    </div>
  );
}

function Course({ desk }: { desk: Desk }): JSX.Element {
  const totals = desk.totals;
  const next = desk.next;
  const done = `${totals.right} of ${totals.exercises} exercises right`;
  return (
    <>
      <div className="agd-top">
        <h2>Your course</h2>
        <button
          type="button"
          className="agd-icon"
          title="Start page"
          aria-label="Start page"
          onClick={() => void desk.app.commands.execute(HOME)}
        >
          <homeIcon.react tag="span" />
        </button>
        <button
          type="button"
          className="agd-icon"
          title="Read the notebooks again"
          aria-label="Read the notebooks again"
          onClick={() => void desk.refresh()}
        >
          <refreshIcon.react tag="span" />
        </button>
      </div>
      {desk.problem && !desk.home ? (
        <p className="agd-note">{desk.problem}</p>
      ) : !desk.home ? (
        <p className="agd-note">Reading your notebooks …</p>
      ) : !desk.chapters.length ? (
        <p className="agd-note">There are no chapters in this folder.</p>
      ) : (
        <>
          <section className="agd-totals" aria-label="In all">
            <Bar done={totals.right} of={totals.exercises} label={done} />
            <div className="agd-figures">
              <span>
                <b>{totals.right}</b> of {totals.exercises} exercises
              </span>
              <span>
                <b>{number(totals.points)}</b> of {number(totals.max)} points
                {totals.extra > 0 && <> + {number(totals.extra)} extra</>}
              </span>
              {totals.minutesLeft > 0 && <span>about {duration(totals.minutesLeft)} left</span>}
            </div>
            {next ? (
              <button
                type="button"
                className="agd-next"
                onClick={() => void desk.go(next.notebook.path, next.exercise.answer)}
              >
                <span className="agd-next-label">Next exercise</span>
                <span className="agd-next-title">{next.exercise.title}</span>
                <span className="agd-next-place">
                  {next.notebook.title}
                  {next.exercise.minutes > 0 && ` · ${next.exercise.minutes} min`}
                </span>
              </button>
            ) : (
              <p className="agd-note">All core exercises are done.</p>
            )}
          </section>
          <Tree desk={desk} />
        </>
      )}
    </>
  );
}

/** A line of the tree: what can be reached with the arrow keys. */
interface IRow {
  key: string;
  level: number;
  parent: string;
  open?: boolean;
  label: string;
  content: JSX.Element;
  act?: () => void;
  current?: boolean;
  more?: boolean;
}

function Tree({ desk }: { desk: Desk }): JSX.Element {
  const path = desk.current;
  const [open, setOpen] = useState<Record<string, boolean>>({});
  const [active, setActive] = useState('');
  const list = useRef<HTMLUListElement>(null);
  const here = desk.chapters.find(chapter => chapter.notebooks.some(one => one.path === path));
  useEffect(() => {
    if (here) {
      setOpen(before => ({ ...before, [here.name]: true, [path]: true }));
    }
  }, [path, here?.name]);
  useEffect(() => {
    list.current?.querySelector('[aria-current=true]')?.scrollIntoView({ block: 'nearest' });
  }, [path, Boolean(here)]);

  const next = desk.next;
  const isOpen = (key: string, otherwise: boolean) => open[key] ?? otherwise;
  const rows: IRow[] = [];
  for (const chapter of desk.chapters) {
    const chapterOpen = isOpen(chapter.name, !path && chapter.notebooks.some(one => one === next?.notebook));
    rows.push(chapterRow(chapter, chapterOpen));
    for (const notebook of chapterOpen ? chapter.notebooks : []) {
      const notebookOpen = isOpen(notebook.path, !path && notebook === next?.notebook);
      rows.push(notebookRow(notebook, chapter, notebookOpen, notebook.path === path, () => void desk.go(notebook.path)));
      const core = notebook.exercises.filter(one => !one.more);
      for (const exercise of notebookOpen ? [...core, ...notebook.exercises.filter(one => one.more)] : []) {
        rows.push(exerciseRow(exercise, notebook, () => void desk.go(notebook.path, exercise.answer)));
      }
    }
  }
  const focused = rows.some(row => row.key === active) ? active : (rows.find(row => row.current) ?? rows[0]).key;
  const move = (key: string | undefined) => {
    if (key !== undefined) {
      setActive(key);
      list.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
    }
  };
  const toggle = (row: IRow, to = !row.open) => setOpen(before => ({ ...before, [row.key]: to }));
  const onKey = (event: React.KeyboardEvent) => {
    const at = rows.findIndex(row => row.key === focused);
    const row = rows[at];
    const moves: Record<string, () => void> = {
      ArrowDown: () => move(rows[at + 1]?.key),
      ArrowUp: () => move(rows[at - 1]?.key),
      Home: () => move(rows[0].key),
      End: () => move(rows[rows.length - 1].key),
      ArrowRight: () => (row.open === false ? toggle(row, true) : row.open && move(rows[at + 1]?.key)),
      ArrowLeft: () => (row.open ? toggle(row, false) : move(row.parent || undefined)),
      Enter: () => (row.act ? row.act() : toggle(row)),
      ' ': () => (row.open !== undefined ? toggle(row) : row.act?.())
    };
    const found = moves[event.key];
    if (found && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      found();
    }
  };
  return (
    <ul className="agd-tree" role="tree" aria-label="Chapters, notebooks and exercises" ref={list} onKeyDown={onKey}>
      {rows.map((row, at) => (
        <li
          key={row.key}
          data-key={row.key}
          role="treeitem"
          aria-level={row.level}
          aria-expanded={row.open}
          aria-current={row.current ? 'true' : undefined}
          aria-label={row.label}
          title={row.level === 3 ? row.label : undefined}
          tabIndex={row.key === focused ? 0 : -1}
          className={`agd-row agd-level-${row.level}${row.more && !rows[at - 1].more ? ' agd-first-more' : ''}`}
          onFocus={() => setActive(row.key)}
          onClick={event => {
            const twisty = (event.target as Element).closest('.agd-twisty');
            if (row.act && !twisty) {
              row.act();
            } else {
              toggle(row);
            }
          }}
        >
          {row.open !== undefined && (
            <span className="agd-twisty" aria-hidden="true">
              {row.open ? '▾' : '▸'}
            </span>
          )}
          {row.content}
        </li>
      ))}
    </ul>
  );
}

function chapterRow(chapter: IChapter, open: boolean): IRow {
  const totals = addUp(chapter.notebooks);
  const label = `${chapter.title}: ${totals.right} of ${count(totals.exercises, 'exercise')} right`;
  return {
    key: chapter.name,
    level: 1,
    parent: '',
    open,
    label,
    content: (
      <>
        <span className="agd-name">{chapter.title}</span>
        <Bar done={totals.right} of={totals.exercises} label={label} />
        <span className="agd-count">
          {totals.right}/{totals.exercises}
        </span>
      </>
    )
  };
}

function notebookRow(notebook: INotebook, chapter: IChapter, open: boolean, current: boolean, act: () => void): IRow {
  const core = notebook.exercises.filter(one => !one.more);
  const right = core.filter(one => one.state === 'right').length;
  const left = notebook.minutesLeft;
  const time = left ? `, about ${duration(left)} left` : '';
  const news = notebook.newer ? ', a new release is there' : '';
  const done = core.length > 0 && core.every(isDone);
  return {
    key: notebook.path,
    level: 2,
    parent: chapter.name,
    open,
    current,
    act,
    label: notebook.problem || `${notebook.title}: ${right} of ${count(core.length, 'exercise')} right${time}${news}`,
    content: (
      <>
        <span className="agd-name">{notebook.title}</span>
        {notebook.newer && <span className="agd-new">new</span>}
        {notebook.problem ? (
          <span className="agd-new">unreadable</span>
        ) : (
          <span className="agd-count">
            {done ? <span className="agd-symbol" data-state="right">✓</span> : left ? duration(left) : ''}
          </span>
        )}
      </>
    )
  };
}

function exerciseRow(exercise: IExercise, notebook: INotebook, act: () => void): IRow {
  const more = exercise.more ? ', More' : '';
  return {
    key: `${notebook.path}#${exercise.id}`,
    level: 3,
    parent: notebook.path,
    more: exercise.more,
    label: `${exercise.title}: ${nameState(exercise)}, ${points(exercise)}${more}`,
    act,
    content: (
      <>
        <span className="agd-symbol" data-state={exercise.state} aria-hidden="true">
          {SYMBOL[exercise.state]}
        </span>
        <span className="agd-name">{exercise.title}</span>
        <span className="agd-count">
          {exercise.state === 'untouched' || exercise.state === 'written' ? '' : `${number(exercise.points)}/`}
          {exercise.extra ? '+' : ''}
          {number(exercise.max)} pt
        </span>
      </>
    )
  };
}
