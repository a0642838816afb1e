"""Decide where each cell of a notebook runs, and which cells don't need to run at all.

A source notebook in (`plan`), its names read from the code (`names`) and what the reference run showed (`facts`, `chance`); steps for the
runner out. `settlement` finds what doesn't need to run, `mutants` varies the author's answers, `languages` and `magics` read what isn't Python.
"""
