"""Everything that the platform holds about a learner, as one file 全部数据导出.

``asking`` takes the request and hands the file out, ``packing`` is the job that writes it,
``contents`` says what stands in it.
"""
