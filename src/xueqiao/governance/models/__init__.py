"""The tables of governance, a module for each noun."""

from xueqiao.governance.models.erasing import LakeErasure

__all__ = ["LakeErasure"]
