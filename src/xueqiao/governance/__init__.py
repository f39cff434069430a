"""What people decide about the data of the lake: who owns it, who may read it, how long it stays.

The lake itself keeps no such thing: it is files. Here are owners and stewards, approvals of
contracts, retention and holds, grants with purpose and end, agreements, and who read what.
Promises: every decision names who took it and when; a reading of identified rows leaves a line.
"""
