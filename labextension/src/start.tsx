// The page that a student meets first, in place of the launcher.

import { MainAreaWidget } from '@jupyterlab/apputils';
import { ReactWidget, UseSignal } from '@jupyterlab/ui-components';
import React from 'react';
import { Desk } from './desk';
import { deskIcon } from './icons';
import { Bar } from './panel';
import { compareReleases, takeOver } from './releases';
import { addUp, count, duration, isDone } from './words';

export function makeStart(desk: Desk): MainAreaWidget<ReactWidget> {
  const content = ReactWidget.create(
    <UseSignal signal={desk.changed}>{() => <Start desk={desk} />}</UseSignal>
  );
  content.addClass('agd-start');
  const widget = new MainAreaWidget({ content });
  widget.id = 'autograded-desk-start';
  widget.title.label = 'Start';
  widget.title.icon = deskIcon;
  widget.title.closable = true;
  widget.toolbar.hide();
  return widget;
}

function Start({ desk }: { desk: Desk }): JSX.Element {
  const started = desk.notebooks.some(one => one.exercises.some(exercise => exercise.state !== 'untouched'));
  return (
    <div className="agd-page">
      <h1>{started || desk.last ? 'Welcome back' : 'Welcome'}</h1>
      {!desk.home ? (
        <p role="status">{desk.problem || 'Reading your notebooks …'}</p>
      ) : (
        <>
          {!started && (
            <p className="agd-lead">
              Read, run the cells with <kbd>Shift</kbd> <kbd>Enter</kbd>, and answer the exercises. Each one is checked at once, and
              tells you in words what isn't right yet.
            </p>
          )}
          <Continue desk={desk} started={started} />
          <News desk={desk} />
          <section aria-labelledby="agd-chapters">
            <h2 id="agd-chapters">Chapters</h2>
            <ul className="agd-cards">
              {desk.chapters.map(chapter => {
                const sum = addUp(chapter.notebooks);
                const at = chapter.notebooks.find(one => one.exercises.some(exercise => !exercise.more && !isDone(exercise)));
                const open = () => void desk.go((at ?? chapter.notebooks[0]).path);
                const said = `${sum.right} of ${sum.exercises} exercises right`;
                return (
                  <li key={chapter.name}>
                    <button type="button" className="agd-chapter" onClick={open}>
                      <b>{chapter.title}</b>
                      <Bar done={sum.right} of={sum.exercises} label={said} />
                      <span className="agd-quiet">
                        {sum.right === sum.exercises
                          ? 'done'
                          : `${sum.right} of ${sum.exercises} · about ${duration(sum.minutesLeft)}`}
                      </span>
                    </button>
                  </li>
                );
              })}
            </ul>
          </section>
          <div className="agd-columns">
            <Pages desk={desk} />
            <Help desk={desk} />
          </div>
        </>
      )}
    </div>
  );
}

function Continue({ desk, started }: { desk: Desk; started: boolean }): JSX.Element {
  const last = desk.last && desk.find(desk.last.path) ? desk.last : null;
  const next = desk.next;
  const notebook = last ? desk.find(last.path)! : next?.notebook;
  if (!notebook) {
    return <p>All core exercises are done.</p>;
  }
  const left = notebook.minutesLeft;
  const core = notebook.exercises.filter(one => !one.more);
  return (
    <section className="agd-continue" aria-label="Where you were">
      <div>
        <span className="agd-quiet">{last ? 'Where you were' : started ? 'What comes next' : 'Where it begins'}</span>
        <b>{notebook.title}</b>
        <span className="agd-quiet">
          {core.filter(isDone).length} of {count(core.length, 'exercise')} done
          {left > 0 && ` · about ${duration(left)} left`}
        </span>
      </div>
      <button
        type="button"
        className="agd-primary"
        onClick={() => void desk.go(notebook.path, last ? last.cell : started ? next?.exercise.answer : '')}
      >
        {last || started ? 'Continue' : 'Start'}
      </button>
      {last && next && (
        <button type="button" className="agd-plain" onClick={() => void desk.go(next.notebook.path, next.exercise.answer)}>
          Next exercise: {next.exercise.title}
        </button>
      )}
    </section>
  );
}

function News({ desk }: { desk: Desk }): JSX.Element | null {
  const news = desk.home?.news ?? [];
  if (!news.length) {
    return null;
  }
  return (
    <section aria-labelledby="agd-news">
      <h2 id="agd-news">What's new</h2>
      <p>
        {count(news.length, 'notebook has', 'notebooks have')} a newer release. Your own work is unchanged; take the release over, and
        your answers come along.
      </p>
      <ul className="agd-list">
        {news.map(({ own, newer }) => {
          const title = desk.find(own)?.title ?? own;
          return (
            <li key={newer}>
              <b>{title}</b>
              <span className="agd-buttons">
                <button type="button" className="agd-plain" onClick={() => void compareReleases(desk, own, newer, title)}>
                  Compare<span className="agd-unseen"> with {title}</span>
                </button>
                <button type="button" className="agd-plain" onClick={() => void takeOver(desk, own, newer, title)}>
                  Take over<span className="agd-unseen"> the new {title}</span>
                </button>
              </span>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

function Pages({ desk }: { desk: Desk }): JSX.Element {
  const open = (path: string) => void desk.app.commands.execute('docmanager:open', { path, factory: 'Markdown Preview' });
  const pages = desk.home?.pages ?? [];
  const book = desk.home?.book;
  return (
    <section aria-labelledby="agd-book">
      <h2 id="agd-book">{book ? 'The book' : 'To look things up'}</h2>
      <ul className="agd-plainlist">
        {book && (
          <li>
            <a href={book} target="_blank" rel="noreferrer">
              All chapters as a book
            </a>
          </li>
        )}
        {pages.map(page => (
          <li key={page.path}>
            <button type="button" className="agd-link" onClick={() => open(page.path)}>
              {page.title}
            </button>
          </li>
        ))}
        {!book && !pages.length && <li className="agd-quiet">This course has no reference pages.</li>}
      </ul>
    </section>
  );
}

function Help({ desk }: { desk: Desk }): JSX.Element {
  const run = (command: string) => void desk.app.commands.execute(command);
  return (
    <section aria-labelledby="agd-help">
      <h2 id="agd-help">Help</h2>
      <ul className="agd-plainlist">
        <li>
          Write in the cells with a bar on their left, run them, then run the check below.
        </li>
        <li>Stuck? Every exercise has two hints that unfold.</li>
        <li>
          A cell that never ends (<code>[*]</code>) is stopped with the square above the notebook.
        </li>
        <li>Your work stays in this folder. Nothing overwrites what you changed.</li>
        <li>
          <button type="button" className="agd-link" onClick={() => run('launcher:create')}>
            Terminals and empty notebooks
          </button>
        </li>
      </ul>
    </section>
  );
}
