from django.apps import AppConfig


class FundsConfig(AppConfig):
    name = "xueqiao.funds"
    label = "funds"
