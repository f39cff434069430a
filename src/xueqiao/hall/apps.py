from django.apps import AppConfig


class HallConfig(AppConfig):
    name = "xueqiao.hall"
    label = "hall"
