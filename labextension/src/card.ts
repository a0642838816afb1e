// A check's result as a card, in place of the words and the number that the cell prints for other programs.

import { IRenderMime } from '@jupyterlab/rendermime';
import { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';
import { IMistake, IResult, IShown, RESULT } from './api';
import { Desk, stateOf } from './desk';
import { NAME, number, SYMBOL } from './words';

type Child = Node | string | null | undefined | false;

/** An element with children. */
export function h(tag: string, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElement {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    element.setAttribute(name, value);
  }
  element.append(...(children.filter(child => child) as (Node | string)[]));
  return element;
}

/** A sentence, with what stands in backticks as code. */
export function sentence(text: string, tag = 'p', className = ''): HTMLElement {
  const element = h(tag, className ? { class: className } : {});
  text.split('`').forEach((part, place) => {
    element.append(place % 2 ? h('code', {}, part) : part);
  });
  return element;
}

export class Card extends Widget implements IRenderMime.IRenderer {
  constructor(private _desk: Desk | null) {
    super();
    this.addClass('agd-card');
    this._desk?.changed.connect(this._rename, this);
  }

  dispose(): void {
    this._desk?.changed.disconnect(this._rename, this);
    super.dispose();
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    try {
      this._draw(model.data[RESULT] as unknown as IResult);
    } catch {
      // Not a result of ours, whatever its type says: what the cell has for everybody else.
      this._result = this._title = this._state = this._hints = null;
      this.node.replaceChildren(h('pre', {}, String(model.data['text/plain'] ?? '')));
    }
  }

  private _draw(result: IResult): void {
    this._result = result;
    const state = stateOf(result);
    this.node.dataset.state = state;
    this.node.setAttribute('role', 'group');
    this._title = h('span', { class: 'agd-card-title' });
    this._state = h('span', { class: 'agd-card-state' }, NAME[state]);
    const points = `${number(result.score)} of ${number(result.points)} ${result.points === 1 ? 'point' : 'points'}`;
    const header = h(
      'div',
      { class: 'agd-card-head' },
      h('span', { class: 'agd-symbol', 'aria-hidden': 'true' }, SYMBOL[state]),
      this._title,
      this._state,
      h('span', { class: 'agd-card-points' }, points)
    );
    this.node.replaceChildren(header, ...this._body(result));
    this._rename();
  }

  private _body(result: IResult): HTMLElement[] {
    if (!result.attempted) {
      return [sentence(result.start ?? 'Write your answer in the cell above and run it, then run this one.')];
    }
    const parts = result.parts ?? [];
    const body: HTMLElement[] = [];
    if (parts.length) {
      const rows = parts.map(part =>
        h(
          'li',
          { 'data-state': part.score >= part.points ? 'right' : 'wrong' },
          h('span', { class: 'agd-symbol', 'aria-hidden': 'true' }, part.score >= part.points ? '✓' : '✗'),
          h('span', {}, part.name),
          h('span', { class: 'agd-card-points' }, `${number(part.score)} of ${number(part.points)}`)
        )
      );
      body.push(h('ul', { class: 'agd-parts', 'aria-label': 'Points by part' }, ...rows));
    }
    const said = new Set<string>();
    for (const mistake of result.mistakes) {
      if (!said.has(mistake.says)) {
        said.add(mistake.says);
        body.push(showMistake(mistake, parts.length > 1));
      }
    }
    if (!result.mistakes.length && result.score >= result.points) {
      body.push(h('p', {}, 'Everything that was checked here holds.'));
    }
    if (result.kept) {
      body.push(h('p', { class: 'agd-quiet' }, result.kept));
    }
    if (result.mistakes.length) {
      const button = h('button', { type: 'button', class: 'agd-link', hidden: '' }, 'Show the hints above');
      button.addEventListener('click', () => this._showHints());
      this._hints = button;
      body.push(button);
    }
    return body;
  }

  protected onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    this._hideWords();
    this._remark();
    if (this._hints && findHints(this.node)) {
      this._hints.hidden = false;
    }
  }

  /** A result that isn't about the answer as it stands says so first. */
  private _remark(): void {
    const says = this._result && this._desk?.remark(this._result.exercise, this.node);
    if (!says || !this._result) {
      return;
    }
    const first = this.node.children[1];
    if (this._result.attempted) {
      this.node.insertBefore(sentence(says, 'p', 'agd-remark'), first);
      return;
    }
    first.replaceWith(sentence(says));
    this.node.dataset.state = 'written';
    this.node.querySelector('.agd-card-head > .agd-symbol')!.textContent = SYMBOL.written;
    this._state!.textContent = 'not checked';
    this._rename();
  }

  /** The printed message says the same: the card takes its place. What else the cell printed stays. */
  private _hideWords(): void {
    const own = this.node.closest('.jp-OutputArea-child');
    const heads = ['✓', '✗', '○'].map(symbol => `${symbol} ${this._result?.exercise}: `);
    for (let before = own?.previousElementSibling; before; before = before.previousElementSibling) {
      const pre = before.querySelector('[data-mime-type="application/vnd.jupyter.stdout"] pre');
      const text = pre?.textContent ?? '';
      const at = Math.max(...heads.map(head => text.lastIndexOf(head)));
      if (pre && at === 0) {
        before.classList.add('agd-told');
      } else if (pre && at > 0) {
        pre.textContent = text.slice(0, at);
      }
    }
  }

  private _showHints(): void {
    const hints = findHints(this.node);
    hints?.setAttribute('open', '');
    hints?.scrollIntoView({ block: 'center' });
    hints?.querySelector('summary')?.focus({ preventScroll: true });
  }

  private _rename(): void {
    if (this._result && this._title) {
      const name = this._desk ? this._desk.titleOf(this._result.exercise) : this._result.exercise;
      this._title.textContent = name;
      this.node.setAttribute('aria-label', `Check of ${name}: ${this._state?.textContent}`);
    }
  }

  private _result: IResult | null = null;
  private _title: HTMLElement | null = null;
  private _state: HTMLElement | null = null;
  private _hints: HTMLElement | null = null;
}

/** The first hint in the text before the card's cell. */
function findHints(node: HTMLElement): Element | null {
  let cell = node.closest('.jp-Cell')?.previousElementSibling;
  for (let turn = 0; cell && turn < 5; turn++, cell = cell.previousElementSibling) {
    const found = [...cell.querySelectorAll('details')].filter(one =>
      /^hint\b/i.test(one.querySelector('summary')?.textContent?.trim() ?? '')
    );
    if (found.length) {
      return found.find((one, place) => place === found.length - 1 || !one.open) ?? null;
    }
    if (cell.classList.contains('jp-MarkdownCell')) {
      return null;
    }
  }
  return null;
}

function showMistake(mistake: IMistake, named: boolean): HTMLElement {
  const box = h('div', { class: 'agd-mistake' });
  if (named && mistake.part) {
    box.append(h('div', { class: 'agd-part' }, mistake.part));
  }
  box.append(sentence(mistake.says, 'p', 'agd-says'));
  if (mistake.hidden !== undefined) {
    const kind = mistake.hidden ? `: ${mistake.hidden}` : '';
    box.append(sentence(`Seen only on an input that this notebook doesn't show${kind}.`, 'p', 'agd-quiet'));
  }
  const tables = h('div', { class: 'agd-tables' });
  if (mistake.tried) {
    const given = (mistake.given ?? []).map(value => showValue(value.name ?? '', value));
    tables.append(figure('Tried', h('pre', { class: 'agd-code' }, mistake.tried), ...given));
  }
  if (mistake.got && mistake.expected) {
    tables.append(figure('Got', showValue('', mistake.got, mistake.expected)));
    tables.append(figure('Expected', showValue('', mistake.expected)));
  }
  if (tables.childElementCount) {
    box.append(tables);
  }
  if (mistake.detail) {
    box.append(sentence(mistake.detail, 'p', 'agd-detail'));
  }
  return box;
}

function figure(caption: string, ...content: HTMLElement[]): HTMLElement {
  return h('div', { class: 'agd-figure', role: 'group', 'aria-label': caption }, h('div', { class: 'agd-caption' }, caption), ...content);
}

/** A value as a table of numbers or as text; numbers that `other` has otherwise are marked. */
function showValue(name: string, value: IShown, other?: IShown): HTMLElement {
  const about = value.shape
    ? `shape (${value.shape.join(', ')}${value.shape.length === 1 ? ',' : ''})${value.dtype === 'float32' ? '' : `, ${value.dtype}`}`
    : value.kind
      ? `a ${value.kind}`
      : '';
  const label = h('span', { class: 'agd-quiet' }, [name && !value.rows ? '' : name, about].filter(one => one).join(': '));
  if (value.rows) {
    const same = other?.rows && sameShape(value.rows, other.rows);
    const rows = value.rows.map((row, r) =>
      h(
        'tr',
        {},
        ...row.map((item, c) => {
          const wrong = same && other!.rows![r][c] !== item;
          return h('td', wrong ? { class: 'agd-off', title: 'not the expected one' } : {}, item);
        })
      )
    );
    return h(
      'div',
      { class: 'agd-value' },
      h('div', { class: 'agd-scroll', tabindex: '0', role: 'group', 'aria-label': [name || 'value', about].join(', ') }, h('table', {}, h('tbody', {}, ...rows))),
      label
    );
  }
  const text = value.text !== undefined ? h('pre', { class: 'agd-code' }, name ? `${name} = ${value.text}` : value.text) : null;
  const text_about = text ? null : h('span', { class: 'agd-quiet' }, `${name ? `${name}: ` : ''}${about}`);
  return h('div', { class: 'agd-value' }, text, text_about);
}

function sameShape(one: string[][], other: string[][]): boolean {
  return one.length === other.length && one.every((row, place) => row.length === other[place].length);
}

export function makeFactory(desk: Desk | null): IRenderMime.IRendererFactory {
  return {
    safe: true,
    mimeTypes: [RESULT],
    defaultRank: 10,
    createRenderer: () => new Card(desk)
  };
}
