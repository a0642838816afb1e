// The buttons above a notebook: “Check my notebook” and “Hand in”.

import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { ToolbarButton } from '@jupyterlab/ui-components';
import React, { useEffect, useState } from 'react';
import { check, get, IExercise, IHanded, IHandIn, IOutcome, IStep, post } from './api';
import { isOfCourse } from './cells';
import { Desk } from './desk';
import { makeBody, Words } from './dialogs';
import { checkAllIcon, handInIcon } from './icons';
import { Bar } from './panel';
import { count, isDone, nameState, points, SYMBOL } from './words';

export function addTools(panel: NotebookPanel, desk: Desk): void {
  void panel.context.ready.then(() => {
    if (panel.isDisposed || !isOfCourse(panel)) {
      return;
    }
    const buttons: [string, ToolbarButton][] = [
      [
        'agd-check',
        new ToolbarButton({
          icon: checkAllIcon,
          label: 'Check my notebook',
          tooltip: 'Run a copy from top to bottom in a fresh kernel, and see how each exercise stands',
          onClick: () => void checkMine(panel, desk)
        })
      ],
      [
        'agd-hand-in',
        new ToolbarButton({
          icon: handInIcon,
          label: 'Hand in',
          tooltip: 'See what the chapter holds, and hand it in',
          onClick: () => void handIn(panel, desk)
        })
      ]
    ];
    for (const [name, button] of buttons) {
      if (!panel.toolbar.insertBefore('cellType', name, button)) {
        panel.toolbar.addItem(name, button);
      }
    }
  });
}

async function save(panel: NotebookPanel): Promise<void> {
  if (panel.context.model.dirty) {
    await panel.context.save();
  }
}

async function checkMine(panel: NotebookPanel, desk: Desk): Promise<void> {
  const path = panel.context.path;
  try {
    await save(panel);
  } catch (error) {
    await showErrorMessage('The notebook could not be saved', error as Error);
    return;
  }
  const stop = new AbortController();
  const dialog = new Dialog<void>({
    title: 'Check my notebook',
    body: makeBody(
      <Checking
        path={path}
        signal={stop.signal}
        say={text => desk.say(text)}
        go={cell => {
          dialog.reject();
          void desk.go(path, cell);
        }}
      />
    ),
    buttons: [Dialog.cancelButton({ label: 'Close' })]
  });
  try {
    await dialog.launch();
  } finally {
    stop.abort();
  }
}

interface ICheckingProps {
  path: string;
  signal: AbortSignal;
  say: (text: string) => void;
  go: (cell: string) => void;
}

function Checking({ path, signal, say, go }: ICheckingProps): JSX.Element {
  const [step, setStep] = useState<IStep | null>(null);
  const [outcome, setOutcome] = useState<IOutcome | null>(null);
  const [problem, setProblem] = useState('');
  useEffect(() => {
    check(path, setStep, signal).then(
      found => {
        setOutcome(found);
        say(summarise(found));
      },
      error => !signal.aborted && setProblem(String(error.message ?? error))
    );
  }, []);
  if (problem) {
    return <p role="alert">{problem}</p>;
  }
  if (!outcome) {
    const at = step ? step.step + 1 : 0;
    return (
      <>
        <p>A copy of your notebook runs from top to bottom in a fresh kernel. The notebook itself stays as it is.</p>
        <Bar done={at} of={step?.of ?? 1} label="How far the run is" />
        <p role="status" className="agd-quiet">
          {step ? `Cell ${at} of ${step.of}${step.near ? ` · ${step.near}` : ''}` : 'Starting the kernel …'}
        </p>
      </>
    );
  }
  const core = outcome.exercises.filter(one => !one.more);
  const more = outcome.exercises.filter(one => one.more);
  return (
    <>
      <p className="agd-summary">{summarise(outcome)}</p>
      {outcome.stopped.map((one, place) => (
        <p key={place} className="agd-stopped">
          A cell{one.near && ` before the check of “${one.near}”`} ended with <code>{one.error}</code>: {one.says}{' '}
          <button type="button" className="agd-link" onClick={() => go(one.cell)}>
            Show it
          </button>
        </p>
      ))}
      <Outcomes exercises={core} go={go} outcome={outcome} />
      {more.length > 0 && <h3>More</h3>}
      <Outcomes exercises={more} go={go} outcome={outcome} />
    </>
  );
}

function summarise(outcome: IOutcome): string {
  const core = outcome.exercises.filter(one => !one.more);
  const right = core.filter(isDone).length;
  if (right === core.length) {
    return core.length ? `All ${core.length} exercises are done, from a fresh start.` : 'The notebook ran from top to bottom.';
  }
  return `${right} of ${count(core.length, 'exercise')} done, from a fresh start.`;
}

function Outcomes({ exercises, outcome, go }: { exercises: IExercise[]; outcome: IOutcome; go: (cell: string) => void }): JSX.Element {
  return (
    <ul className="agd-outcomes">
      {exercises.map(one => {
        const result = outcome.exercises.find(other => other.check === one.check)?.result;
        const says = one.state === 'untouched' ? '' : (result?.mistakes[0]?.says ?? '');
        return (
          <li key={one.check} data-state={one.state}>
            <button type="button" onClick={() => go(one.answer)} title={nameState(one)}>
              <span className="agd-symbol" data-state={one.state} aria-hidden="true">
                {SYMBOL[one.state]}
              </span>
              <span className="agd-name">{one.title}</span>
              <span className="agd-unseen">: {nameState(one)}, {points(one)}</span>
              <span className="agd-count" aria-hidden="true">
                {one.state === 'written' ? nameState(one) : points(one)}
              </span>
            </button>
            {says && (
              <p>
                <Words text={says} />
              </p>
            )}
          </li>
        );
      })}
    </ul>
  );
}

async function handIn(panel: NotebookPanel, desk: Desk): Promise<void> {
  const own = panel.context.path;
  try {
    const chapter = desk.chapters.find(one => one.notebooks.some(notebook => notebook.path === own));
    if (!chapter) {
      throw new Error('This notebook is not one of a chapter: it has been moved or renamed. Hand in from the chapter’s own folder.');
    }
    const inChapter = new Set(chapter.notebooks.map(one => one.path));
    const open: NotebookPanel[] = [];
    desk.tracker.forEach(one => inChapter.has(one.context.path) && open.push(one));
    await Promise.all(open.map(save));
    const found = await get<IHandIn>('hand-in', { chapter: chapter.name });
    const sure = await showDialog({
      title: `Hand in ${found.title}`,
      body: makeBody(<Contents found={found} />),
      buttons: [
        Dialog.cancelButton(),
        Dialog.okButton({ label: found.exchange ? `Submit to ${found.exchange}` : 'Make the zip' })
      ]
    });
    if (!sure.button.accept) {
      return;
    }
    const handed = await post<IHanded>('hand-in', { chapter: chapter.name });
    const address = handed.path ? await desk.app.serviceManager.contents.getDownloadUrl(handed.path) : '';
    await showDialog({
      title: handed.course ? 'Handed in' : 'Your zip is ready',
      body: makeBody(<Handed handed={handed} address={address} />),
      buttons: [Dialog.okButton({ label: 'Close' })]
    });
  } catch (error) {
    await showErrorMessage('Not handed in', error as Error);
  }
}

function Contents({ found }: { found: IHandIn }): JSX.Element {
  const open = found.notebooks.flatMap(one => one.open);
  return (
    <>
      <p>
        {found.exchange
          ? `This goes to the course “${found.exchange}”, as your notebooks are saved now:`
          : 'The zip holds your notebooks as they are saved now. Upload it where your course collects work.'}
      </p>
      <ul className="agd-outcomes">
        {found.notebooks.map(one => (
          <li key={one.path}>
            <div className="agd-file">
              <span className="agd-name">{one.title}</span>
              <span className="agd-count">
                {one.problem || `${one.done} of ${count(one.exercises, 'exercise')} done`}
              </span>
            </div>
            <p>
              <code>{one.path.split('/').pop()}</code>, {Math.max(1, Math.round(one.bytes / 1000))} kB
            </p>
          </li>
        ))}
      </ul>
      {open.length > 0 && (
        <details>
          <summary>{count(open.length, 'exercise isn’t done yet', 'exercises aren’t done yet')}</summary>
          <ul className="agd-outcomes">
            {open.map(one => (
              <li key={one.check} className="agd-file">
                <span className="agd-symbol" data-state={one.state} aria-hidden="true">
                  {SYMBOL[one.state]}
                </span>
                <span className="agd-name">{one.title}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function Handed({ handed, address }: { handed: IHanded; address: string }): JSX.Element {
  return (
    <>
      {handed.course ? (
        <p>The course “{handed.course}” has these notebooks:</p>
      ) : (
        <>
          <p>
            <a href={address} download>
              Download {handed.path.split('/').pop()}
            </a>
            , or find it in the folder <code>{handed.path.split('/').slice(0, -1).join('/')}</code>.
          </p>
          <p>
            <b>It isn’t handed in yet:</b> upload it where your course collects work. It holds:
          </p>
        </>
      )}
      <ul>
        {handed.holds.map(name => (
          <li key={name}>
            <code>{name}</code>
          </li>
        ))}
      </ul>
    </>
  );
}
