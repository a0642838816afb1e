"""Which answers of a class are more alike than chance would make them.

`answers` reads what was handed in, now and in earlier years; `features` says what an answer is made of; `ranking` counts what two
answers share, and what they'd share by chance; `page` shows them side by side. It asks, and leaves the verdict to a person.
"""
