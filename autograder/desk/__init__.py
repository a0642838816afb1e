"""A student's desk: what is done, what is left, and how answers move to a newer release.

It reads notebooks as they lie in the student's folder, runs nothing, and never loads torch, so that a panel or a command answers at once.
`progress` reads the results that checks left in the notebooks; `showing` turns them into tables for the terminal and for a notebook.
"""
