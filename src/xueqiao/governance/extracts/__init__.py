"""Research extracts: rows of persons that leave, so alike that nobody stands alone in them.

``designs`` says what can be had, ``asking`` who may have it, ``reading`` takes it from the lake,
``anonymising`` makes it k-anonymous, ``copies`` writes each recipient's own files, ``making`` is
the job, ``handing`` gives files out and writes it down, ``ending`` takes them back,
``recognising`` says whose copy a found file was made from.
"""
