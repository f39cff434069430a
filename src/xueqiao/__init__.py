"""Xueqiao 学桥: a province's lifelong learning, from event to decision.

Layers, lowest last: web, cli, jobs > monitor > lake > funds > creditbank > hall > catalog >
records > people > network > kernel. Imports point down this list only.
"""

__version__ = "0.1.0"
