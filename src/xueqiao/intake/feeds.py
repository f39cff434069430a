"""The feeds there are, in the order in which the main job takes them in."""

from __future__ import annotations

from xueqiao.intake import funmooc, moodle, oulad

FEEDS = (funmooc.FEED, moodle.FEED, oulad.FEED)
