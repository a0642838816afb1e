"use strict";(self.rspackChunkautograded_desk=self.rspackChunkautograded_desk||[]).push([[700],{646(a,r,o){var e=o(601),t=o.n(e),d=o(314),i=(o.n(d))()(t());i.push([a.id,`/* Colors of states, after the course's palette (autograder/course/palette.py): darker on light, lighter on dark, so that text in them reads well. */
:root {
  --agd-right: #00704f;
  --agd-wrong: #b04a00;
  --agd-partly: #8a5c00;
  --agd-written: #0064a0;
  --agd-quiet: color-mix(in srgb, var(--jp-ui-font-color1) 72%, var(--jp-layout-color1));
  --agd-open: var(--agd-quiet);
  --agd-gap: 12px;
  --agd-line: var(--jp-border-width) solid var(--jp-border-color2);
  --agd-round: 6px;
  --agd-locked: #f0f0f0;
}

[data-jp-theme-light='false'] {
  --agd-right: #35c79b;
  --agd-wrong: #ff9456;
  --agd-partly: #f0bb4d;
  --agd-written: #6cc0f0;
  --agd-locked: color-mix(in srgb, var(--jp-layout-color2) 40%, var(--jp-layout-color1));
}

.agd-unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}

.agd-quiet {
  color: var(--agd-quiet);
}

.agd-symbol {
  flex: none;
  width: 1.2em;
  text-align: center;
  font-weight: 600;
  color: var(--agd-open);
}

[data-state='right'] > .agd-symbol,
[data-state='right'] > .agd-card-head > .agd-symbol,
.agd-symbol[data-state='right'] {
  color: var(--agd-right);
}

[data-state='wrong'] > .agd-symbol,
[data-state='wrong'] > .agd-card-head > .agd-symbol,
.agd-symbol[data-state='wrong'] {
  color: var(--agd-wrong);
}

[data-state='partly'] > .agd-card-head > .agd-symbol,
.agd-symbol[data-state='partly'] {
  color: var(--agd-partly);
}

.agd-symbol[data-state='written'] {
  color: var(--agd-written);
}

.agd-bar {
  height: 6px;
  min-width: 40px;
  border-radius: 3px;
  background: var(--jp-border-color2);
  overflow: hidden;
}

.agd-bar > div {
  height: 100%;
  border-radius: 3px;
  background: var(--agd-right);
}

.agd-link,
.agd-plain,
.agd-primary,
.agd-icon,
.agd-chapter,
.agd-next,
.agd-outcomes button {
  font: inherit;
  color: inherit;
  border: 0;
  background: none;
  cursor: pointer;
  text-align: left;
}

.agd-link,
.agd-page a,
.agd-dialog a {
  padding: 0;
  color: var(--jp-content-link-color);
  text-decoration: underline;
  text-underline-offset: 2px;
}

.agd-card :focus-visible,
.agd-panel :focus-visible,
.agd-start :focus-visible,
.agd-dialog :focus-visible {
  outline: 2px solid var(--jp-brand-color1);
  outline-offset: 1px;
}

/* The panel */

.agd-panel {
  display: flex;
  flex-direction: column;
  min-width: 280px !important;
  overflow: hidden;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1);
  font-size: var(--jp-ui-font-size1);
}

.agd-top {
  display: flex;
  align-items: center;
  gap: 2px;
  padding: 8px 8px 4px var(--agd-gap);
}

.agd-top h2 {
  flex: 1;
  margin: 0;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.agd-icon {
  display: flex;
  padding: 4px;
  border-radius: 4px;
}

.agd-icon:hover,
.agd-row:hover {
  background: var(--jp-layout-color2);
}

.agd-icon span {
  display: flex;
}

.agd-icon svg {
  width: 16px;
  height: 16px;
}

.agd-note {
  margin: 0;
  padding: var(--agd-gap);
  color: var(--agd-quiet);
}

.agd-totals {
  padding: 0 var(--agd-gap) var(--agd-gap);
  border-bottom: var(--agd-line);
}

.agd-totals .agd-note {
  padding: 8px 0 0;
}

.agd-figures {
  display: flex;
  flex-wrap: wrap;
  gap: 2px 14px;
  margin-top: 8px;
  color: var(--agd-quiet);
}

.agd-figures b {
  font-weight: 600;
  color: var(--jp-ui-font-color1);
}

.agd-next {
  display: flex;
  flex-direction: column;
  gap: 1px;
  width: 100%;
  margin-top: 10px;
  padding: 8px 10px;
  border: var(--agd-line);
  border-left: 3px solid var(--agd-written);
  border-radius: var(--agd-round);
  line-height: 1.35;
}

.agd-next:hover,
.agd-chapter:hover {
  background: var(--jp-layout-color2);
}

.agd-next-label,
.agd-next-place {
  font-size: var(--jp-ui-font-size0);
  color: var(--agd-quiet);
}

.agd-next-title {
  font-weight: 600;
}

.agd-tree {
  flex: 1;
  overflow-y: auto;
  margin: 0;
  padding: 6px 0 16px;
  list-style: none;
}

.agd-row {
  display: flex;
  align-items: center;
  gap: 6px;
  min-height: 26px;
  padding: 1px 10px 1px 6px;
  line-height: 1.3;
  cursor: pointer;
}

.agd-panel .agd-row:focus-visible {
  outline-offset: -2px;
}

.agd-level-1 {
  min-height: 32px;
  font-weight: 600;
}

.agd-level-2 {
  padding-left: 18px;
}

.agd-level-3 {
  padding-left: 40px;
}

.agd-level-2 .agd-name,
.agd-level-3 .agd-name {
  padding: 3px 0;
  white-space: normal;
}

.agd-first-more {
  position: relative;
  margin-top: 22px;
}

.agd-first-more::before {
  content: 'More';
  position: absolute;
  top: -18px;
  left: 46px;
  right: 10px;
  border-bottom: var(--agd-line);
  font-size: var(--jp-ui-font-size0);
  color: var(--agd-quiet);
}

.agd-row[aria-current='true'] {
  box-shadow: inset 3px 0 var(--jp-brand-color1);
  background: var(--jp-layout-color2);
}

.agd-twisty {
  flex: none;
  width: 16px;
  text-align: center;
  font-weight: 400;
  color: var(--agd-quiet);
}

.agd-name {
  flex: 1;
  min-width: 0;
  overflow: hidden;
  text-overflow: ellipsis;
  white-space: nowrap;
}

.agd-row .agd-bar {
  flex: none;
  width: 44px;
  height: 4px;
}

.agd-count {
  flex: none;
  min-width: 34px;
  text-align: right;
  font-weight: 400;
  font-size: var(--jp-ui-font-size0);
  font-variant-numeric: tabular-nums;
  color: var(--agd-quiet);
}

.agd-new {
  flex: none;
  padding: 0 5px;
  border: var(--agd-line);
  border-radius: 8px;
  font-size: var(--jp-ui-font-size0);
  color: var(--agd-quiet);
}

.agd-new {
  border-color: var(--agd-written);
  color: var(--agd-written);
}

/* Cards */

.jp-OutputArea-child.agd-told {
  display: none;
}

.agd-card {
  margin: 4px 0;
  padding: 10px 14px;
  max-width: 860px;
  border: var(--agd-line);
  border-left: 4px solid var(--agd-open);
  border-radius: var(--agd-round);
  background: var(--jp-layout-color1);
  color: var(--jp-content-font-color1);
  font-family: var(--jp-content-font-family);
  font-size: var(--jp-content-font-size1);
  line-height: 1.5;
}

.agd-card[data-state='right'] {
  border-left-color: var(--agd-right);
}

.agd-card[data-state='wrong'] {
  border-left-color: var(--agd-wrong);
}

.agd-card[data-state='partly'] {
  border-left-color: var(--agd-partly);
}

.agd-card[data-state='written'] {
  border-left-color: var(--agd-written);
}

[data-state='written'] > .agd-card-head > .agd-symbol {
  color: var(--agd-written);
}

.agd-card .agd-remark {
  padding: 6px 10px;
  border-left: 3px solid var(--agd-partly);
  background: var(--jp-layout-color2);
}

.agd-card-head {
  display: flex;
  flex-wrap: wrap;
  align-items: baseline;
  gap: 2px 8px;
}

.agd-card-title {
  font-weight: 600;
}

.agd-card-state,
.agd-card .agd-quiet,
.agd-caption {
  font-size: var(--jp-ui-font-size1);
  color: var(--agd-quiet);
}

.agd-card-points {
  margin-left: auto;
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
}

.agd-card p,
.agd-mistake p {
  margin: 6px 0 0;
}

.agd-card .agd-says {
  font-size: inherit;
}

.agd-card code,
.agd-code {
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
  color: inherit;
}

.agd-card code {
  padding: 1px 3px;
  border-radius: 3px;
  background: var(--jp-layout-color2);
}

.agd-card pre.agd-code {
  margin: 0;
  padding: 0;
  background: none;
  white-space: pre-wrap;
  overflow-wrap: anywhere;
}

.agd-card ul.agd-parts {
  margin: 8px 0 0;
  padding: 0;
  list-style: none;
}

.agd-parts li {
  display: flex;
  gap: 8px;
  max-width: 420px;
  margin: 0;
}

.agd-mistake + .agd-mistake {
  margin-top: 10px;
  padding-top: 6px;
  border-top: var(--agd-line);
}

.agd-part {
  margin-top: 8px;
  font-size: var(--jp-ui-font-size1);
  font-weight: 600;
}

.agd-tables {
  display: flex;
  flex-wrap: wrap;
  gap: 8px;
  margin-top: 8px;
}

.agd-figure {
  min-width: 0;
  max-width: 100%;
  box-sizing: border-box;
  padding: 6px 10px 8px;
  border-radius: var(--agd-round);
  background: var(--jp-layout-color2);
}

.agd-value + .agd-value,
.agd-figure > pre + .agd-value {
  margin-top: 6px;
}

.agd-value > .agd-quiet {
  font-size: var(--jp-ui-font-size0);
}

.agd-scroll {
  overflow-x: auto;
}

.agd-card table {
  border-collapse: collapse;
  margin: 2px 0;
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.agd-card td {
  padding: 1px 8px;
  border: 1px solid var(--jp-border-color2);
  text-align: right;
  font-variant-numeric: tabular-nums;
  white-space: nowrap;
  background: var(--jp-layout-color1);
}

.agd-card td.agd-off {
  color: var(--agd-wrong);
  font-weight: 600;
  text-decoration: underline dotted;
  text-underline-offset: 3px;
}

.agd-card > .agd-link {
  margin-top: 8px;
}

/* Cells */

.agd-lock {
  margin: 4px 0 4px calc(var(--jp-cell-prompt-width) + 8px);
  padding: 6px 10px;
  border-left: 3px solid var(--agd-partly);
  border-radius: 0 var(--agd-round) var(--agd-round) 0;
  background: var(--jp-layout-color2);
  color: var(--jp-ui-font-color1);
  font-size: var(--jp-ui-font-size1);
}

.jp-Cell.agd-locked .jp-InputArea-editor {
  background: var(--agd-locked);
}

/* Where JupyterLab's own colors of code read badly, on the backgrounds of cells: at least 4.5 to 1. */

[data-jp-theme-light='true'] .agd-course {
  --jp-mirror-editor-atom-color: #3d3dd6;
  --jp-mirror-editor-bracket-color: #66664a;
  --jp-mirror-editor-builtin-color: #007500;
  --jp-mirror-editor-comment-color: #2f6c6c;
  --jp-mirror-editor-keyword-color: #007500;
  --jp-mirror-editor-meta-color: #8c1ad9;
  --jp-mirror-editor-number-color: #007500;
  --jp-mirror-editor-quote-color: #007500;
}

[data-jp-theme-light='false'] .agd-course {
  --jp-mirror-editor-bracket-color: #bdbd9b;
  --jp-mirror-editor-builtin-color: #66bb6a;
  --jp-mirror-editor-comment-color: #7fbcbc;
  --jp-mirror-editor-def-color: #64b5f6;
  --jp-mirror-editor-header-color: #64b5f6;
  --jp-mirror-editor-keyword-color: #66bb6a;
  --jp-mirror-editor-link-color: #64b5f6;
  --jp-mirror-editor-meta-color: #d48fff;
  --jp-mirror-editor-property-color: #64b5f6;
  --jp-mirror-editor-punctuation-color: #64b5f6;
  --jp-mirror-editor-string-2-color: #d48fff;
  --jp-mirror-editor-string-color: #ff8a80;
  --jp-mirror-editor-tag-color: #66bb6a;
  --jp-mirror-editor-variable-2-color: #64b5f6;
}

/* JupyterLab's own hint below the last cell. */

.agd-course .jp-Notebook-footer {
  color: var(--agd-quiet);
}

/* What folds has a distance to the text after it, and those in a row belong together. */

.agd-course .jp-RenderedHTMLCommon details:not(:last-child),
.jp-MarkdownViewer .jp-RenderedHTMLCommon details:not(:last-child) {
  margin-bottom: 1em;
}

.agd-course .jp-RenderedHTMLCommon details:not(:last-child):has(+ details),
.jp-MarkdownViewer .jp-RenderedHTMLCommon details:not(:last-child):has(+ details) {
  margin-bottom: 0.25em;
}

/* nbgrader's button, which runs a notebook and shows a raw cell: the desk's button beside it says more. And what is for instructors. */

.agd-course .jp-NotebookPanel-toolbar [data-jp-item-name='runAll'],
.agd-student .jp-SideBar [data-id^='nbgrader-create'] {
  display: none;
}

.agd-still {
  font-size: 0;
}

.agd-still > * {
  display: none;
}

.agd-still::before {
  content: 'To move this figure, run its cell and those above it.';
  color: var(--jp-ui-font-color2);
  font-size: var(--jp-ui-font-size1);
}

.jp-Cell.agd-answer .jp-InputArea-editor,
.jp-Cell.agd-words .jp-MarkdownOutput {
  box-shadow: inset 3px 0 var(--agd-written);
}

.jp-Cell.agd-words .jp-MarkdownOutput {
  padding: 8px 14px;
  border: var(--agd-line);
  border-radius: var(--agd-round);
}

.jp-Cell.agd-words.agd-empty .jp-MarkdownOutput {
  min-height: 72px;
  border-style: dashed;
  border-color: var(--jp-border-color1);
  color: var(--agd-quiet);
  background: var(--jp-layout-color1);
  cursor: text;
}

/* The start page */

.agd-start {
  overflow-y: auto;
  color: var(--jp-ui-font-color1);
  background: var(--jp-layout-color1);
  font-size: var(--jp-content-font-size1);
  line-height: 1.5;
}

.agd-page {
  max-width: 860px;
  margin: 0 auto;
  padding: 28px 32px 48px;
}

.agd-page h1 {
  margin: 0 0 12px;
  font-size: 28px;
  font-weight: 600;
  line-height: 1.2;
}

.agd-page h2 {
  margin: 28px 0 8px;
  font-size: 16px;
  font-weight: 600;
}

.agd-lead {
  max-width: 60ch;
  margin: 0 0 16px;
}

.agd-page kbd {
  padding: 1px 5px;
  border: var(--agd-line);
  border-radius: 4px;
  background: var(--jp-layout-color2);
  font-family: inherit;
  font-size: 0.9em;
}

.agd-continue {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 10px 14px;
  padding: 16px 18px;
  border: var(--agd-line);
  border-left: 4px solid var(--agd-written);
  border-radius: var(--agd-round);
}

.agd-continue > div {
  display: flex;
  flex: 1 1 260px;
  flex-direction: column;
}

.agd-continue b {
  font-size: 18px;
  font-weight: 600;
}

.agd-primary {
  padding: 7px 20px;
  border-radius: var(--agd-round);
  background: var(--agd-written);
  color: var(--jp-layout-color1);
  font-weight: 600;
}

.agd-primary:hover {
  filter: brightness(1.1);
}

.agd-plain {
  padding: 5px 12px;
  border: 1px solid var(--jp-border-color1);
  border-radius: var(--agd-round);
}

.agd-plain:hover {
  background: var(--jp-layout-color2);
}

.agd-cards {
  display: grid;
  grid-template-columns: repeat(auto-fill, minmax(190px, 1fr));
  gap: 10px;
  margin: 0 0 8px;
  padding: 0;
  list-style: none;
}

.agd-chapter {
  display: flex;
  flex-direction: column;
  gap: 8px;
  width: 100%;
  height: 100%;
  padding: 12px 14px;
  border: var(--agd-line);
  border-radius: var(--agd-round);
}

.agd-chapter b {
  font-weight: 600;
}

.agd-list,
.agd-plainlist {
  margin: 0;
  padding: 0;
  list-style: none;
}

.agd-list li {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 8px;
  padding: 6px 0;
  border-top: var(--agd-line);
}

.agd-buttons {
  display: flex;
  gap: 8px;
}

.agd-list b {
  flex: 1 1 220px;
  font-weight: 600;
}

.agd-plainlist li {
  margin: 4px 0;
}

.agd-columns {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(260px, 1fr));
  gap: 0 32px;
}

/* Dialogs */

.agd-dialog {
  width: min(600px, 84vw);
  max-height: 66vh;
  overflow-y: auto;
  line-height: 1.45;
}

.agd-dialog p {
  margin: 0 0 8px;
}

.agd-dialog h3 {
  margin: 12px 0 4px;
  font-size: var(--jp-ui-font-size1);
}

.agd-summary {
  font-weight: 600;
}

.agd-stopped {
  padding: 6px 10px;
  border-left: 3px solid var(--agd-wrong);
  background: var(--jp-layout-color2);
}

.agd-outcomes {
  margin: 0 0 8px;
  padding: 0;
  list-style: none;
}

.agd-outcomes > li {
  border-top: var(--agd-line);
}

.agd-outcomes button,
.agd-file {
  display: flex;
  align-items: baseline;
  gap: 8px;
  width: 100%;
  padding: 5px 4px;
  box-sizing: border-box;
}

.agd-outcomes button:hover {
  background: var(--jp-layout-color2);
}

.agd-outcomes p {
  margin: 0 0 6px 30px;
  color: var(--agd-quiet);
  font-size: var(--jp-ui-font-size1);
}

.agd-change pre {
  margin: 0 0 12px;
  padding: 6px 0;
  overflow-x: auto;
  background: var(--jp-layout-color2);
  font-family: var(--jp-code-font-family);
  font-size: var(--jp-code-font-size);
}

.agd-change pre div {
  min-height: 1.3em;
  padding: 0 8px;
  white-space: pre-wrap;
}

.agd-change [data-kind='+'] {
  box-shadow: inset 3px 0 var(--agd-right);
}

.agd-change [data-kind='-'] {
  box-shadow: inset 3px 0 var(--agd-wrong);
}

@media (prefers-reduced-motion: no-preference) {
  .agd-bar > div {
    transition: width 200ms;
  }
}

.jp-NotebookPanel-toolbar [data-jp-item-name^='agd-'] .jp-ToolbarButtonComponent-label {
  margin-left: 5px;
}

@media (max-width: 960px) {
  .jp-NotebookPanel-toolbar [data-jp-item-name^='agd-'] .jp-ToolbarButtonComponent-label {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
  }
}
`,""]),o.d(r,{},{A:i})},314(a){a.exports=function(a){var r=[];return r.toString=function(){return this.map(function(r){var o="",e=void 0!==r[5];return r[4]&&(o+="@supports (".concat(r[4],") {")),r[2]&&(o+="@media ".concat(r[2]," {")),e&&(o+="@layer".concat(r[5].length>0?" ".concat(r[5]):""," {")),o+=a(r),e&&(o+="}"),r[2]&&(o+="}"),r[4]&&(o+="}"),o}).join("")},r.i=function(a,o,e,t,d){"string"==typeof a&&(a=[[null,a,void 0]]);var i={};if(e)for(var n=0;n<this.length;n++){var p=this[n][0];null!=p&&(i[p]=!0)}for(var l=0;l<a.length;l++){var g=[].concat(a[l]);e&&i[g[0]]||(void 0!==d&&(void 0===g[5]||(g[1]="@layer".concat(g[5].length>0?" ".concat(g[5]):""," {").concat(g[1],"}")),g[5]=d),o&&(g[2]&&(g[1]="@media ".concat(g[2]," {").concat(g[1],"}")),g[2]=o),t&&(g[4]?(g[1]="@supports (".concat(g[4],") {").concat(g[1],"}"),g[4]=t):g[4]="".concat(t)),r.push(g))}},r}},601(a){a.exports=function(a){return a[1]}},72(a){var r=[];function o(a){for(var o=-1,e=0;e<r.length;e++)if(r[e].identifier===a){o=e;break}return o}function e(a,e){for(var t={},d=[],i=0;i<a.length;i++){var n=a[i],p=e.base?n[0]+e.base:n[0],l=t[p]||0,g="".concat(p," ").concat(l);t[p]=l+1;var s=o(g),c={css:n[1],media:n[2],sourceMap:n[3],supports:n[4],layer:n[5]};if(-1!==s)r[s].references++,r[s].updater(c);else{var u=function(a,r){var o=r.domAPI(r);return o.update(a),function(r){r?(r.css!==a.css||r.media!==a.media||r.sourceMap!==a.sourceMap||r.supports!==a.supports||r.layer!==a.layer)&&o.update(a=r):o.remove()}}(c,e);e.byIndex=i,r.splice(i,0,{identifier:g,updater:u,references:1})}d.push(g)}return d}a.exports=function(a,t){var d=e(a=a||[],t=t||{});return function(a){a=a||[];for(var i=0;i<d.length;i++){var n=o(d[i]);r[n].references--}for(var p=e(a,t),l=0;l<d.length;l++){var g=o(d[l]);0===r[g].references&&(r[g].updater(),r.splice(g,1))}d=p}}},659(a){var r={};a.exports=function(a,o){var e=function(a){if(void 0===r[a]){var o=document.querySelector(a);if(window.HTMLIFrameElement&&o instanceof window.HTMLIFrameElement)try{o=o.contentDocument.head}catch(a){o=null}r[a]=o}return r[a]}(a);if(!e)throw Error("Couldn't find a style target. This probably means that the value for the 'insert' parameter is invalid.");e.appendChild(o)}},540(a){a.exports=function(a){var r=document.createElement("style");return a.setAttributes(r,a.attributes),a.insert(r,a.options),r}},56(a,r,o){a.exports=function(a){var r=o.nc;r&&a.setAttribute("nonce",r)}},206(a){a.exports=function(a){if("u"<typeof document)return{update:function(){},remove:function(){}};var r=a.insertStyleElement(a);return{update:function(o){var e,t,d;e="",o.supports&&(e+="@supports (".concat(o.supports,") {")),o.media&&(e+="@media ".concat(o.media," {")),(t=void 0!==o.layer)&&(e+="@layer".concat(o.layer.length>0?" ".concat(o.layer):""," {")),e+=o.css,t&&(e+="}"),o.media&&(e+="}"),o.supports&&(e+="}"),(d=o.sourceMap)&&"u">typeof btoa&&(e+="\n/*# sourceMappingURL=data:application/json;base64,".concat(btoa(unescape(encodeURIComponent(JSON.stringify(d))))," */")),a.styleTagTransform(e,r,a.options)},remove:function(){var a;null===(a=r).parentNode||a.parentNode.removeChild(a)}}}},113(a){a.exports=function(a,r){if(r.styleSheet)r.styleSheet.cssText=a;else{for(;r.firstChild;)r.removeChild(r.firstChild);r.appendChild(document.createTextNode(a))}}},959(a,r,o){var e=o(72),t=o.n(e),d=o(206),i=o.n(d),n=o(659),p=o.n(n),l=o(56),g=o.n(l),s=o(540),c=o.n(s),u=o(113),f=o.n(u),x=o(646),m={};m.styleTagTransform=f(),m.setAttributes=g(),m.insert=p().bind(null,"head"),m.domAPI=i(),m.insertStyleElement=c(),t()(x.A,m),x.A&&x.A.locals&&x.A.locals}}]);