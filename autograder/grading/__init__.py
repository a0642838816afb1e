"""Grade a class: submissions in; marks, graded notebooks and results out.

`grade` is the way in. It looks for what there is to do (`todo`, `places`, `changes`), reads it (`reading`, `sources`, `renamed`), hands it out (`pool`, `cluster`) to workers
that rebuild and execute one submission each (`worker`, `submissions`, `answers`, `marks`, `findings`), a `canary` first, writes what comes back
(`keeping`, `gradebook`, `penalties`, `journal`, `history`), and gathers the results (`collecting`, `results`). `coursewide` adds up the chapters by the rules that `weighing` reads. `preprocessors`, `feedback` and `export` are the
places where nbgrader calls us, `stock` is one run of its `autograde`; a feedback page is cleaned (`cleaning`), drawn (`drawing`, `formulas`) and laid out (`pages`, `templates`). Knows neither authored text nor reports.
"""
