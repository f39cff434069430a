"""Open data 开放数据: data sets for everybody, with licence, publisher, coverage and files.

``drafting`` writes the text, ``publishing`` is the decision of two persons to publish or withdraw,
``making`` the job that makes the files.
"""
