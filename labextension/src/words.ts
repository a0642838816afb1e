// How states, points and times read.

import { IExercise, INotebook, ITotals, State } from './api';

export const SYMBOL: Record<State, string> = {
  right: '✓',
  partly: '◐',
  wrong: '✗',
  untouched: '○',
  written: '✎'
};

export const NAME: Record<State, string> = {
  right: 'right',
  partly: 'partly right',
  wrong: 'not right yet',
  untouched: 'not started',
  written: 'written, without a result'
};

export function number(value: number): string {
  return String(Math.round(value * 100) / 100);
}

export function duration(minutes: number): string {
  if (minutes < 60) {
    return `${minutes} min`;
  }
  const hours = minutes / 60;
  return `${hours < 10 ? Math.round(hours * 2) / 2 : Math.round(hours)} h`;
}

export function count(many: number, one: string, more = one + 's'): string {
  return `${many} ${many === 1 ? one : more}`;
}

/** “2 of 3 points”, in full, for screen readers and tooltips. */
export function points(exercise: { points: number; max: number; extra: boolean }): string {
  return `${number(exercise.points)} of ${number(exercise.max)}${exercise.extra ? ' extra' : ''} ${exercise.max === 1 ? 'point' : 'points'}`;
}

export function isDone(exercise: IExercise): boolean {
  return exercise.state === 'right' || (exercise.state === 'written' && exercise.check === exercise.answer);
}

/** Whether an exercise is for a person to read. */
export function isExplain(exercise: IExercise): boolean {
  return exercise.check === exercise.answer;
}

export function nameState(exercise: IExercise): string {
  if (exercise.state === 'written') {
    return isExplain(exercise) ? 'written, a person reads it' : 'changed since its last check';
  }
  return NAME[exercise.state];
}

export function addUp(notebooks: INotebook[]): ITotals {
  const all = notebooks.flatMap(one => one.exercises);
  const core = all.filter(one => !one.more);
  const sum = (some: IExercise[], key: 'points' | 'max') => some.reduce((total, one) => total + one[key], 0);
  return {
    right: core.filter(one => one.state === 'right').length,
    exercises: core.length,
    points: sum(all.filter(one => !one.extra), 'points'),
    max: sum(all.filter(one => !one.extra), 'max'),
    extra: sum(all.filter(one => one.extra), 'points'),
    minutesLeft: notebooks.reduce((total, one) => total + minutesLeft(one), 0)
  };
}

/** As `Notebook.minutes_left` of autograder/desk/progress.py, for what has changed since it was read. */
export function minutesLeft(notebook: INotebook): number {
  const core = notebook.exercises.filter(one => !one.more);
  const sum = (some: IExercise[]) => some.reduce((total, one) => total + (one.minutes || 1), 0);
  return core.length ? Math.round((notebook.minutes * sum(core.filter(one => !isDone(one)))) / sum(core)) : 0;
}
