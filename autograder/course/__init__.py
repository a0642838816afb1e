"""What notebooks and students use besides checks: figures, data, and JupyterLab on a student's own copy.

Nothing here knows how a class is graded.
"""
