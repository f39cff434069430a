from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "xueqiao.web"
    label = "web"
