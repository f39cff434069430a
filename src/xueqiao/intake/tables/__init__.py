"""Tables of offices and platforms, CSV or XLSX, become statements by a mapping agreed once.

``reading`` opens a file, ``values`` reads cells, ``mapping`` makes statements of rows, ``guess``
proposes a mapping, ``template`` writes an empty table to fill in.
"""
