"""Sharing agreements 数据共享协议: what one body lets another fetch, signed by both.

``agreements`` drafts, offers, signs, ends and renews (signing as in ``people.bothsides``),
``making`` is the job that makes the files while an agreement holds, ``using`` hands them to the
receiving side and writes every fetch down for both.
"""
