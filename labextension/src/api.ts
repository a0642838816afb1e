// What the server part (autograder/desk/server.py) says, and how it is asked.

import { PageConfig, URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

export const RESULT = 'application/vnd.autograded.result+json';

export type State = 'right' | 'partly' | 'wrong' | 'untouched' | 'written';

/** One exercise as it stands; `check` and `answer` are ids of cells. */
export interface IExercise {
  id: string;
  title: string;
  state: State;
  points: number;
  max: number;
  extra: boolean;
  more: boolean;
  minutes: number;
  check: string;
  answer: string;
}

export interface INotebook {
  path: string;
  title: string;
  minutes: number;
  minutesMore: number;
  minutesLeft: number;
  newer: string;
  problem: string;
  exercises: IExercise[];
}

export interface ITotals {
  right: number;
  exercises: number;
  points: number;
  max: number;
  extra: number;
  minutesLeft: number;
}

export interface IChapter {
  name: string;
  title: string;
  notebooks: INotebook[];
  totals: ITotals;
}

export interface IProgress {
  chapters: IChapter[];
  totals: ITotals;
}

export interface IPage {
  path: string;
  title: string;
}

export interface IHome extends IProgress {
  /** Where the course lies below the server's folder; all paths have it already. */
  folder: string;
  pages: IPage[];
  book: string;
  news: { own: string; newer: string }[];
}

/** A value in a check's result: as a table of numbers, as text, or only its shape or kind. */
export interface IShown {
  name?: string;
  rows?: string[][];
  text?: string;
  shape?: number[];
  dtype?: string;
  kind?: string;
}

export interface IMistake {
  part: string;
  look: string;
  says: string;
  known: boolean;
  tried?: string;
  given?: IShown[];
  got?: IShown;
  expected?: IShown;
  detail?: string;
  hidden?: string;
}

/** What a check found, as it lies in the notebook (autograder/checks/check.py). */
export interface IResult {
  exercise: string;
  score: number;
  points: number;
  attempted: boolean;
  mistakes: IMistake[];
  start?: string;
  kept?: string;
  parts?: { name: string; points: number; score: number }[];
}

export interface IStep {
  step: number;
  of: number;
  near: string;
}

export interface IOutcome {
  exercises: (IExercise & { result: IResult | null })[];
  stopped: { cell: string; near: string; error: string; says: string }[];
}

export interface IHandIn {
  chapter: string;
  title: string;
  exchange: string;
  notebooks: {
    path: string;
    title: string;
    problem: string;
    bytes: number;
    done: number;
    exercises: number;
    open: { title: string; state: State; check: string }[];
  }[];
}

export interface IHanded {
  path: string;
  course: string;
  holds: string[];
}

export interface IChange {
  kind: 'changed' | 'added' | 'removed';
  cell: string;
  name: string;
  lines: string[];
}

export interface ICarried {
  notes: string[];
  backup: string;
}

/** Whether the server has found a course; known before the first request. */
export function isCourse(): boolean {
  return PageConfig.getOption('autogradedDesk') === 'true';
}

async function request(path: string, init: RequestInit): Promise<Response> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'autograded', path);
  const response = await ServerConnection.makeRequest(url, init, settings);
  if (!response.ok) {
    const text = await response.text();
    let says = text;
    try {
      says = JSON.parse(text).message || text;
    } catch {
      /* not ours: shown as it is */
    }
    throw new Error(says || response.statusText);
  }
  return response;
}

export async function get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  const found = await request(path + URLExt.objectToQueryString(query), {});
  return (await found.json()) as T;
}

export async function post<T>(path: string, body: object): Promise<T> {
  const found = await request(path, { method: 'POST', body: JSON.stringify(body) });
  return (await found.json()) as T;
}

/** Run a copy of a notebook; `onStep` hears of each cell, the promise has what came of it. */
export async function check(
  path: string,
  onStep: (step: IStep) => void,
  signal: AbortSignal
): Promise<IOutcome> {
  const response = await request('check', { method: 'POST', body: JSON.stringify({ path }), signal });
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    rest += decoder.decode(value, { stream: !done });
    const lines = rest.split('\n');
    rest = lines.pop()!;
    for (const line of lines.filter(one => one)) {
      const told = JSON.parse(line);
      if (told.message) {
        throw new Error(told.message);
      }
      if (told.exercises) {
        return told;
      }
      onStep(told);
    }
    if (done) {
      throw new Error('The server ended the run before it was through. Try again.');
    }
  }
}
