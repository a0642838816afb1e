// What the desk's dialogs share.

import { ReactWidget } from '@jupyterlab/ui-components';
import React from 'react';

/** A widget for a dialog, which ends what it does when the dialog is closed. */
export function makeBody(content: JSX.Element): ReactWidget {
  const body = ReactWidget.create(content);
  body.addClass('agd-dialog');
  // Where Tab goes after the dialog's buttons: the dialog knows only what was there when it opened, and React comes later.
  body.node.tabIndex = 0;
  body.node.setAttribute('role', 'group');
  return body;
}

/** A sentence, with what stands in backticks as code. */
export function Words({ text }: { text: string }): JSX.Element {
  return <>{text.split('`').map((part, place) => (place % 2 ? <code key={place}>{part}</code> : part))}</>;
}
