from django.apps import AppConfig


class Cmi5Config(AppConfig):
    name = "xueqiao.cmi5"
    label = "cmi5"
