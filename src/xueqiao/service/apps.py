from django.apps import AppConfig


class ServiceConfig(AppConfig):
    name = "xueqiao.service"
    label = "service"
