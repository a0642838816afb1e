"""Grade a class: submissions in; marks, graded notebooks and results out.

`grade` is the way in. It looks what there is to do (`todo`, `places`), reads it (`reading`, `sources`), hands it out (`pool`, `cluster`) to workers that rebuild and
execute one submission each (`worker`, `submissions`, `marks`), writes what comes back (`keeping`, `gradebook`, `journal`), and gathers the
results (`collecting`, `results`). `preprocessors` are the places where nbgrader calls us. Knows neither authored text nor reports.
"""
