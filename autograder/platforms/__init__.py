"""Between learning platforms and the grading: what they hand out comes in, what they import goes out.

In: `archives` opens zips and folders, `naming` reads who and when from a platform's names, `recognizing` finds the notebook in a file by its cells, and
`intake` chooses, `placing` puts it where the grading reads it, `asides` says what else matters. `tables` and `layouts` read the platforms' tables, `roster` knows the students.
Out: `marks` are read from the gradebook, `exporting` writes them into a platform's table, `returning` packs feedback, `packages` and `container` let a platform grade by itself.
`plugins` are the same for nbgrader's own commands.
"""
