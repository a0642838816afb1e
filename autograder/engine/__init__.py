"""Execute notebooks in two processes: the student's cells in one, behind walls, the checks in another.

A job in (`runner`: cells and what they find), the outputs of each cell out. A warm process forks (`zygote`) a `student` and an `examiner`, each with an
IPython `shell`; the runner passes on what they ask and answer, and `cuts` says which part of a check each works out, and `authors` puts right what is the author's. `execute` is the way in for notebooks, `planning` says which cell runs where, `wire` what
passes, `standins` make other people's tests work, `kernels` run other languages, `walls` enclose.
"""
