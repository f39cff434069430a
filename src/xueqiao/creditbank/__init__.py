"""The credit bank: accounts, ledger, recognition, standards, conversion, certificates.

Owns the learner's lifelong account, every credit in it and why it is there. Promises: credit moves
and is never made twice (laws I1-I16 of docs/reference/credit-bank.md); a posted row never changes;
nobody passes two steps of one case; a certificate can be checked without us.
"""
