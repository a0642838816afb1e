"""Tell people what grading found: the results of a class in, a page out.

Reads `grading.results` only, and grades nothing.
"""
