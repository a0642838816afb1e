"""Tell people what grading found: the results of a class in, pages out.

`report` is the page of one chapter (`statistics`, `findings`, `figures`, `titles`). `site` is the course's dashboard: `gathering` reads everything, `trouble` looks for
what needs a person, `overview` and `sheets` say what each page shows, `links` where its links lead, `layout` renders the templates, `serving` shows them.
`marks` prints the marks for the course. Reads what grading left, and grades nothing.
"""
