"""A chapter over time: when it is due, who is late, and what comes in until then.

`due` sets due dates and grants extensions, `late` says who was late and what it costs. `watch` grades what comes in as it comes: `arrivals` sees
what is there, `attempts` keeps it on disk, `session` grades it warm, `choosing` says which counts, `pages` and `handing_back` make and deliver what students get.
"""
