// Pictures with words for readers who don't see them: what the output says of its picture, as `alt`.

import { Cell } from '@jupyterlab/cells';
import { Notebook, NotebookActions, NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMime, IRenderMimeRegistry, RenderedImage, RenderedSVG } from '@jupyterlab/rendermime';
import { Kernel } from '@jupyterlab/services';
import { Desk } from './desk';

const DRAWN = ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/bmp'];
const OTHERWISE = 'A figure that the cell above draws';

/** Makes the kernel add a figure's words to its output: its titles, axes and lines. Without the course's package, nothing happens. */
const TELL = `
try:
    __import__("autograder.desk.picturing", fromlist=["tell_figures"]).tell_figures()
except Exception:
    pass
`;

/** What an output says of its picture: words written for that, else its text if that's more than the name of an object. */
export function describe(model: IRenderMime.IMimeModel, mimeType: string): string {
  const about = model.metadata[mimeType] as { alt?: unknown } | undefined;
  const text = String(model.data['text/plain'] ?? '').trim();
  return [about?.alt, model.metadata.alt, text.startsWith('<') ? '' : text].find(one => one && typeof one === 'string') as string ?? OTHERWISE;
}

class Picture extends RenderedImage {
  async render(model: IRenderMime.IMimeModel): Promise<void> {
    await super.render(model);
    this.node.querySelector('img')?.setAttribute('alt', describe(model, this.mimeType));
  }
}

class Drawing extends RenderedSVG {
  async render(model: IRenderMime.IMimeModel): Promise<void> {
    await super.render(model);
    this.node.querySelector('img')?.setAttribute('alt', describe(model, this.mimeType));
  }
}

/** A little before JupyterLab's own, and no safer or less safe than these. */
export function addPictures(registry: IRenderMimeRegistry): void {
  registry.addFactory({ safe: true, mimeTypes: DRAWN, defaultRank: 89, createRenderer: options => new Picture(options) });
  registry.addFactory({ safe: false, mimeTypes: ['image/svg+xml'], defaultRank: 79, createRenderer: options => new Drawing(options) });
}

/** As soon as a notebook of the course has a kernel, and again after a restart, that learns to tell what its figures show. */
export function tellKernels(desk: Desk): void {
  const told = new WeakSet<Kernel.IKernelConnection>();
  const watched = new WeakSet<Kernel.IKernelConnection>();
  const tell = (panel: NotebookPanel) => {
    const kernel = panel.sessionContext.session?.kernel;
    if (!kernel || told.has(kernel) || panel.model?.defaultKernelLanguage !== 'python' || !desk.find(panel.context.path)) {
      return;
    }
    told.add(kernel);
    if (!watched.has(kernel)) {
      watched.add(kernel);
      kernel.statusChanged.connect((_, status) => {
        if (status === 'restarting' || status === 'autorestarting') {
          told.delete(kernel);
        }
      });
    }
    kernel.requestExecute({ code: TELL, silent: true, store_history: false, allow_stdin: false, stop_on_error: false });
  };
  desk.tracker.widgetAdded.connect((_, panel) => {
    panel.sessionContext.statusChanged.connect((_, status) => status === 'idle' && tell(panel));
  });
  desk.changed.connect(() => desk.tracker.forEach(panel => panel.sessionContext.kernelDisplayStatus === 'idle' && tell(panel)));
  NotebookActions.executionScheduled.connect((_, { notebook }: { notebook: Notebook; cell: Cell }) => {
    const panel = desk.tracker.find(one => one.content === notebook);
    if (panel) {
      tell(panel);
    }
  });
}
