"""Mark by question: all answers to one question on one page, beside the model answer and the rubric.

`server` serves the page (`page/`) to this machine alone; `desk` answers its requests. `questions` reads what is asked, `answers` what was
handed in, `rubrics` the items; `ledger` keeps who ticked what, `book` writes nbgrader's gradebook, `verdicts` says what counts, and `viewer` what a marker may see.
`similarity` puts like answers together, `agreement` compares markers, and `showing` makes what others wrote safe to show.
"""
