"""Make the book: the course as a website to read, search and print, without the answers to its exercises.

`site` makes all of it: `drawing` runs the notebooks for what figures say and for the frames of those that a reader moves (`frames` chooses the
values), `pages` writes a page for each notebook (`notebook`, `wanted`, `crossing`) and for the rest (`front`), Sphinx turns them into HTML with
`extension`, `checking` follows every link, `leaks` looks for answers, and `browser` reads the pages in Chromium.
"""
