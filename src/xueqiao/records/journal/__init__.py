"""The write-ahead journal: a batch is answered when it is on the disk, and stored soon after.

Each process appends to segments in a folder of its own and stores them in the background, many
batches in one transaction. A segment is dropped once all of it is stored; what a killed process
left behind is stored by another one. Every batch has a key, so storing it again adds nothing.
"""
