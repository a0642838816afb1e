// A newer release: what it changes, and moving to it with one's answers.

import { Dialog, showDialog, showErrorMessage } from '@jupyterlab/apputils';
import React from 'react';
import { get, IChange, ICarried, post } from './api';
import { Desk } from './desk';
import { makeBody } from './dialogs';
import { count } from './words';

const KIND = { changed: 'changed', added: 'new', removed: 'gone' };

export async function compareReleases(desk: Desk, own: string, newer: string, title: string): Promise<void> {
  try {
    const { changes } = await get<{ changes: IChange[] }>('compare', { own, newer });
    const done = await showDialog({
      title: `What the new release changes in ${title}`,
      body: makeBody(<Changes changes={changes} />),
      buttons: [Dialog.cancelButton({ label: 'Close' }), Dialog.okButton({ label: 'Take over' })]
    });
    if (done.button.accept) {
      await takeOver(desk, own, newer, title);
    }
  } catch (error) {
    await showErrorMessage('The releases cannot be compared', error as Error);
  }
}

function Changes({ changes }: { changes: IChange[] }): JSX.Element {
  if (!changes.length) {
    return <p>Nothing but the notebook's inner data changes: texts and checks are the same.</p>;
  }
  return (
    <>
      <p>
        {count(changes.length, 'cell of the course is different', 'cells of the course are different')}. Your answers and the cells that you
        added aren't counted: they come along.
      </p>
      {changes.map(change => (
        <section key={change.kind + change.cell} className="agd-change" aria-label={change.name}>
          <h3>
            {change.name} <span className="agd-quiet">{KIND[change.kind]}</span>
          </h3>
          <pre>
            {change.lines.map((line, place) => (
              <div key={place} data-kind={line[0]}>
                {line}
              </div>
            ))}
          </pre>
        </section>
      ))}
    </>
  );
}

export async function takeOver(desk: Desk, own: string, newer: string, title: string): Promise<void> {
  const sure = await showDialog({
    title: `Take over the new ${title}?`,
    body: 'Your answers are put into the new release. What you have now is kept beside it.',
    buttons: [Dialog.cancelButton(), Dialog.okButton({ label: 'Take over' })]
  });
  if (!sure.button.accept) {
    return;
  }
  try {
    const open = desk.tracker.find(panel => panel.context.path === own);
    if (open?.context.model.dirty) {
      await open.context.save();
    }
    const carried = await post<ICarried>('carry', { own, newer });
    if (open) {
      await open.context.revert();
    }
    await desk.refresh();
    await showDialog({
      title: `You have the new ${title}`,
      body: makeBody(
        <ul>
          {carried.notes.map((note, place) => (
            <li key={place}>{note}</li>
          ))}
          {carried.backup && (
            <li>
              What you had before is in <code>{carried.backup}</code>.
            </li>
          )}
        </ul>
      ),
      buttons: [Dialog.okButton({ label: 'Close' })]
    });
  } catch (error) {
    await showErrorMessage('The new release could not be taken over', error as Error);
  }
}
