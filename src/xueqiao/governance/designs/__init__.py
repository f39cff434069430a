"""Designs 数据设计: a query over gold with what of it may leave, and the files made of it.

``checking`` says whether a query gives no more than its shape lets out, ``columns`` what its
columns mean, ``making`` runs it in a process of its own and writes an edition of files. Open data
and sharing agreements are made of designs, so what leaves is guarded in one place.
"""
