"""Other people's tests in two processes: objects that stand for the student's, in a test that was written for one process.

In the examiner `standins`, `proxies` and their `methods` take part in the test's own operations; in the student's process `originals` do what is asked of the
objects they stand for. `registry` knows those objects by number, `errors` their exceptions; `operations`, `library` and `locate` say what can be asked. `trust` says what is left to a
student's objects and where, `worlds` how a check goes on from a changed argument, `written` what the cells say of a name.
"""
