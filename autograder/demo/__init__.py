"""Sample classes, drawn from the answers that the chapters carry, and taken through all steps of grading for real.

`sample` takes a class through one chapter, `term` takes sixty students through a whole term: late and repeated submissions, marks given
by hand by two people (`markers`), a check that is fixed. Below them are all rooms but the command line.
"""
