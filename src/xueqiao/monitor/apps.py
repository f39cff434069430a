from django.apps import AppConfig


class MonitorConfig(AppConfig):
    name = "xueqiao.monitor"
    label = "monitor"
