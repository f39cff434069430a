"""The workbench: analysts ask the lake in SQL, within their grants, and see the cost before.

``scope`` says which rows somebody may read, ``costs`` what a query would read, ``running`` starts
runs and takes their outcomes, ``results`` shows rows, ``saved`` keeps queries under names.
"""
