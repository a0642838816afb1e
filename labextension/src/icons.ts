import { LabIcon } from '@jupyterlab/ui-components';

const draw = (name: string, path: string) =>
  new LabIcon({
    name: `autograded-desk:${name}`,
    svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="${path}"/></svg>`
  });

export const deskIcon = draw(
  'desk',
  'M10 5h11v2H10zM10 11h11v2H10zM10 17h11v2H10zM2.6 6l1.3-1.3 1.2 1.2 2.3-2.3 1.3 1.3-3.6 3.6zM2.6 12l1.3-1.3 1.2 1.2 2.3-2.3 1.3 1.3-3.6 3.6zM5 16.2a1.8 1.8 0 1 1 0 3.6a1.8 1.8 0 0 1 0-3.6z'
);

export const handInIcon = draw('hand-in', 'M12 3l5.5 5.5h-4V16h-3V8.5h-4zM4 14h2.2v4.8h11.6V14H20v7H4z');

export const checkAllIcon = draw(
  'check',
  'M12 2.5a9.5 9.5 0 1 1 0 19a9.5 9.5 0 0 1 0-19zM12 4.5a7.5 7.5 0 1 0 0 15a7.5 7.5 0 0 0 0-15zM10.6 16.4L6.8 12.6l1.4-1.4 2.4 2.4 5.2-5.2 1.4 1.4z'
);
