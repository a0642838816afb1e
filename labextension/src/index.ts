// Autograded desk: the course panel, the start page, check results as cards, and what makes a notebook's cells speak.

import { ILabShell, ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { Widget } from '@lumino/widgets';
import { isCourse } from './api';
import { makeFactory } from './card';
import { furnish } from './cells';
import { Desk } from './desk';
import { deskIcon } from './icons';
import { HOME, Panel } from './panel';
import { addPictures, tellKernels } from './pictures';
import { makeStart } from './start';
import { addTools } from './tools';

const SHOWN = 'autograded-desk:shown';
const NEXT = 'autograded-desk:next';

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'autograded-desk:plugin',
  description: 'The student’s desk: progress, a start page, and checks that read as cards.',
  autoStart: true,
  requires: [IRenderMimeRegistry, INotebookTracker],
  optional: [ILabShell, ILayoutRestorer, ICommandPalette, IStateDB],
  activate: (
    app: JupyterFrontEnd,
    registry: IRenderMimeRegistry,
    tracker: INotebookTracker,
    shell: ILabShell | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    state: IStateDB | null
  ) => {
    addPictures(registry);
    if (!isCourse()) {
      registry.addFactory(makeFactory(null));
      return;
    }
    const desk = new Desk(app, tracker, state);
    registry.addFactory(makeFactory(desk));
    tellKernels(desk);
    document.body.classList.add('agd-student');
    tracker.widgetAdded.connect((_, panel) => {
      furnish(panel, desk);
      addTools(panel, desk);
    });
    addLiveRegion(desk);
    addCommands(app, desk, palette);
    if (shell) {
      const panel = new Panel(desk);
      shell.add(panel, 'left', { rank: 50 });
      restorer?.add(panel, panel.id);
      keepStart(app, shell, panel, state);
    }
  }
};

/** Sentences for screen readers: what has changed elsewhere on the page. */
function addLiveRegion(desk: Desk): void {
  const region = document.createElement('div');
  region.className = 'agd-unseen';
  region.id = 'autograded-desk-said';
  region.setAttribute('role', 'status');
  region.setAttribute('aria-live', 'polite');
  document.body.append(region);
  desk.said.connect((_, text) => {
    region.textContent = '';
    window.setTimeout(() => (region.textContent = text), 50);
  });
}

function addCommands(app: JupyterFrontEnd, desk: Desk, palette: ICommandPalette | null): void {
  let start: Widget | null = null;
  app.commands.addCommand(HOME, {
    label: 'Start Page',
    caption: 'Where you were, what’s new, and help',
    icon: deskIcon,
    execute: () => {
      if (!start || start.isDisposed) {
        start = makeStart(desk);
        app.shell.add(start, 'main');
      }
      app.shell.activateById(start.id);
    }
  });
  app.commands.addCommand(NEXT, {
    label: 'Next Exercise',
    caption: 'Go to the next exercise that isn’t done',
    execute: () => (desk.next ? desk.go(desk.next.notebook.path, desk.next.exercise.answer) : undefined)
  });
  palette?.addItem({ command: HOME, category: 'Course' });
  palette?.addItem({ command: NEXT, category: 'Course' });
}

/** Where nothing is open, the start page is, in place of the launcher; the panel is in front when a student comes for the first time. */
function keepStart(app: JupyterFrontEnd, shell: ILabShell, panel: Panel, state: IStateDB | null): void {
  void app.restored.then(async () => {
    const isLauncher = (widget: Widget) => Boolean(widget.node.querySelector('.jp-Launcher')) || widget.id.startsWith('launcher');
    const main = [...shell.widgets('main')];
    if (main.every(isLauncher)) {
      await app.commands.execute(HOME);
      main.forEach(widget => widget.close());
    }
    const seen = await state?.fetch(SHOWN).catch(() => undefined);
    if (!seen) {
      shell.activateById(panel.id);
      void state?.save(SHOWN, true);
    }
  });
  // Earlier than the launcher's own handler, which looks for an empty area as well.
  shell.layoutModified.connect(() => {
    if (shell.isEmpty('main') && isRestored) {
      void app.commands.execute(HOME);
    }
  });
  let isRestored = false;
  void app.restored.then(() => (isRestored = true));
}

export default plugin;
