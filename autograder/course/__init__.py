"""What notebooks and students use besides checks: figures, data, the catalog of the reference pages, a look at a training loop, and JupyterLab
on a student's own copy.

Nothing here knows how a class is graded.
"""
