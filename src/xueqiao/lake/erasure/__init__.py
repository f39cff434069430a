"""Taking single statements out of the lake, on every floor and out of its history.

``holdings`` says where they lie, ``removal`` rewrites the files that hold them, ``purge`` deletes
what no commit names any more, ``carrying`` does these with a build in between and looks again.
Promises: what is gone from the tables is gone from the disk; nothing else changes; a killed run is
run again. Who decides that something goes is no matter of the lake.
"""
